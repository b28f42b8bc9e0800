import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The programs, built from the sources as they are now. */
export interface Build {
  /** What Node is given to start everything in one process. */
  readonly main: string;
  remove(): Promise<void>;
}

const repository = resolve(import.meta.dirname, '../..');

/**
 * Builds the programs into a folder of their own, in less than a second. `dist/` may be missing, old, or under a program
 * that runs; and a folder of its own needs no lock.
 */
export async function buildPrograms(): Promise<Build> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-build-'));
  const swc = join(repository, 'node_modules/@swc/cli/bin/swc.js');
  const options = ['--out-dir', join(folder, 'dist'), '--config-file', '.swcrc', '--quiet'];
  await promisify(execFile)(process.execPath, [swc, 'apps', 'libs', ...options], { cwd: repository });
  // The names of rooms are looked up in the package.json above the code, and packages in the node_modules beside it.
  await copyFile(join(repository, 'package.json'), join(folder, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return {
    main: join(folder, 'dist/apps/standalone/main.js'),
    remove: () => rm(folder, { recursive: true }),
  };
}
