import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds the programs into dist/ with swc, unless what is there is newer than the sources. Builds beside it and then swaps
 * the folders, so that programs started from one checkout at the same time do not take files from under each other.
 */
const sources = ['apps', 'libs', 'bench', '.swcrc', 'package.json'];
const stamp = 'dist/.built';

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (!existsSync(stamp) || statSync(stamp).mtimeMs <= Math.max(...sources.map(newest))) {
  const fresh = `dist.new-${process.pid}`;
  const old = `dist.old-${process.pid}`;
  const swc = ['--out-dir', fresh, '--config-file', '.swcrc', '--quiet'];
  const began = new Date();
  try {
    execFileSync(process.execPath, ['node_modules/@swc/cli/bin/swc.js', 'apps', 'libs', 'bench', ...swc], {
      stdio: 'inherit',
    });
    writeFileSync(join(fresh, '.built'), `${began.toISOString()}\n`);
    if (existsSync('dist')) renameSync('dist', old);
    renameSync(fresh, 'dist');
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}
