import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The documents' room as another Node process can run it: compiled where it finds the packages that it needs. */
export class CompiledDocuments {
  readonly #folder: string;

  constructor() {
    const root = process.cwd();
    const cache = join(root, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    this.#folder = mkdtempSync(join(cache, 'portcullis-'));
    execFileSync(process.execPath, [
      join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js'),
      ...[
        'libs/documents/errors.ts',
        'libs/documents/sqlite',
        '--out-dir',
        this.#folder,
        '--config-file',
        '.swcrc',
        '--quiet',
      ],
    ]);
  }

  /** Runs a script in which `openSqlite` and `SqliteDocuments` are imported, and `folder` is the data folder. */
  start(folder: string, script: string): Child {
    const room = pathToFileURL(join(this.#folder, 'libs', 'documents', 'sqlite', 'index.js')).href;
    const source = `import { openSqlite, SqliteDocuments } from ${JSON.stringify(room)};
      const folder = ${JSON.stringify(folder)};
      ${script}`;
    return new Child(spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: 'pipe' }));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A process and the lines that it has written. */
export class Child {
  readonly exited: Promise<void>;
  #output = '';

  constructor(private readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk) => {
      this.#output += chunk;
    });
    process.stderr?.on('data', (chunk) => {
      this.#output += chunk;
    });
    this.exited = new Promise((resolve) => {
      process.on('close', () => resolve());
    });
  }

  /** Whole lines only: the last one may have been cut by a kill. */
  get lines(): string[] {
    return this.#output.split('\n').slice(0, -1);
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
