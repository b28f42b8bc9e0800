import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, freePortPair } from '../support/process-ports.js';

export type ServerName = 'kafka' | 'mongo' | 'redis';

const script = join(import.meta.dirname, '../servers/servers');

/** Servers of a suite's own (test/servers), on free ports, to be stopped, frozen and damaged. */
export class OwnServers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'portcullis-servers-'));

  private constructor(readonly ports: Readonly<Record<ServerName, number>>) {}

  static async make(): Promise<OwnServers> {
    // Kafka's controller listens on the port after the broker's.
    return new OwnServers({ kafka: await freePortPair(), mongo: await freePort(), redis: await freePort() });
  }

  get kafkaBrokers(): string {
    return `127.0.0.1:${this.ports.kafka}`;
  }

  get mongoUri(): string {
    return `mongodb://127.0.0.1:${this.ports.mongo}/portcullis`;
  }

  get redisUrl(): string {
    return `redis://127.0.0.1:${this.ports.redis}`;
  }

  /** Resolves when they accept connections. */
  async start(...names: readonly ServerName[]): Promise<void> {
    await this.#run('start', ...names);
  }

  async stop(...names: readonly ServerName[]): Promise<void> {
    await this.#run('stop', ...names);
  }

  async kill(...names: readonly ServerName[]): Promise<void> {
    await this.#run('stop', '--kill', ...names);
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
      KAFKA_PORT: String(this.ports.kafka),
      MONGO_PORT: String(this.ports.mongo),
      REDIS_PORT: String(this.ports.redis),
    };
    await promisify(execFile)(script, args, { env });
  }
}
