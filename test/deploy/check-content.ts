import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** Sees that an image holds what runs, and nothing else. Gives what was seen; throws what is wrong. */
export function checkContent(repository: string, folder: string): string {
  const { packages }: LockFile = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  const development = Object.keys(packages).filter((path) => packages[path]?.dev || packages[path]?.devOptional);
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const unwanted = new Set([...development, ...Object.keys(devDependencies).map((name) => `node_modules/${name}`)]);
  refuse(
    'is for development',
    [...unwanted].filter((path) => existsSync(join(folder, path))),
  );
  const wanted = Object.keys(dependencies).map((name) => `node_modules/${name}`);
  refuse(
    'is missing',
    wanted.filter((path) => !existsSync(join(folder, path))),
  );
  refuse(
    'is not for running',
    readdirSync(folder).filter((name) => !expected.has(name)),
  );
  const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
  refuse(
    'is not for running',
    files.filter((file) => /\.(ts|spec\.js)$|^bench/.test(file)),
  );
  const installed = Object.keys(packages).filter((path) => path !== '' && existsSync(join(folder, path)));
  return `the image holds ${installed.length} packages, none of the ${unwanted.size} that are for development, and ${files.length} files of its own`;
}

const expected: ReadonlySet<string> = new Set(['LICENSE', 'data', 'dist', 'node_modules', 'package.json']);

function refuse(what: string, found: readonly string[]): void {
  if (found.length > 0) throw new Error(`this ${what}: ${found.slice(0, 20).join(', ')}`);
}
