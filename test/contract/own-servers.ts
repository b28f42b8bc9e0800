import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type ServerName = 'mongo' | 'redis';

const script = join(import.meta.dirname, '../servers/servers');

/** Servers of a suite's own (test/servers), on free ports, to be stopped, frozen and damaged. */
export class OwnServers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-servers-'));

  private constructor(readonly ports: { readonly mongo: number; readonly redis: number }) {}

  static async make(): Promise<OwnServers> {
    return new OwnServers({ mongo: await freePort(), redis: await freePort() });
  }

  get mongoUri(): string {
    return `mongodb://127.0.0.1:${this.ports.mongo}/portcullis`;
  }

  get redisUrl(): string {
    return `redis://127.0.0.1:${this.ports.redis}`;
  }

  /** Resolves when it accepts connections. */
  async start(name: ServerName): Promise<void> {
    await this.#run('start', name);
  }

  async stop(name: ServerName): Promise<void> {
    await this.#run('stop', name);
  }

  async kill(name: ServerName): Promise<void> {
    await this.#run('stop', '--kill', name);
  }

  /** It keeps its connections and answers none. */
  freeze(name: ServerName): void {
    process.kill(this.#pid(name), 'SIGSTOP');
  }

  thaw(name: ServerName): void {
    process.kill(this.#pid(name), 'SIGCONT');
  }

  /** Copies the data of a stopped server; the function that it gives puts them back, while it is stopped again. */
  backUp(name: ServerName): () => void {
    const data = join(this.#folder, name);
    const copy = join(this.#folder, `${name}-backup`);
    rmSync(copy, { recursive: true, force: true });
    cpSync(data, copy, { recursive: true });
    return () => {
      rmSync(data, { recursive: true, force: true });
      cpSync(copy, data, { recursive: true });
    };
  }

  async wipe(...names: readonly ServerName[]): Promise<void> {
    await this.#run('wipe', ...names);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pid(name: ServerName): number {
    return Number(readFileSync(join(this.#folder, `${name}.pid`), 'utf8'));
  }

  async #run(...args: readonly string[]): Promise<void> {
    const env = {
      ...process.env,
      SERVERS_DATA: this.#folder,
      MONGO_PORT: String(this.ports.mongo),
      REDIS_PORT: String(this.ports.redis),
    };
    await promisify(execFile)(script, args, { env });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
