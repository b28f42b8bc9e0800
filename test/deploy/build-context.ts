import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files that a clean clone would give to a builder: those that Git knows or would add, without the ignored ones. */
export function buildContext(repository: string): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(repository, file)));
  const isIgnored = dockerIgnore(readFileSync(join(repository, '.dockerignore'), 'utf8'));
  return files.filter((file) => !isIgnored(file));
}

/**
 * Whether a .dockerignore leaves a file out. As much of its rules as ours uses: the last pattern that matches decides,
 * `!` takes back in, and what matches a folder matches all in it.
 */
export function dockerIgnore(text: string): (file: string) => boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const rules = lines.map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (file) => rules.findLast(({ pattern }) => pattern.test(file))?.ignores ?? false;
}

function patternOf(line: string): RegExp {
  const parts = line.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(.*/)?';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}(/.*)?$`);
}
