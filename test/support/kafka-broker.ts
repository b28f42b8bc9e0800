import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A Kafka broker of a test's own, to be stopped, killed and frozen. */
export interface OwnBroker {
  readonly brokers: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Its process stands still: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

const servers = fileURLToPath(new URL('../servers/servers', import.meta.url));

/** Starts a broker with a data folder and a port of its own. */
export async function startBroker(): Promise<OwnBroker> {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-kafka-'));
  const port = await freePorts();
  const env = { ...process.env, SERVERS_DATA: data, KAFKA_PORT: String(port) };
  const run = async (...words: string[]) => void (await promisify(execFile)(servers, words, { env }));
  const signal = async (name: NodeJS.Signals) => {
    process.kill(Number(await readFile(join(data, 'kafka.pid'), 'utf8')), name);
  };
  await run('start', 'kafka');
  return {
    brokers: [`127.0.0.1:${port}`],
    start: () => run('start', 'kafka'),
    stop: () => run('stop', 'kafka'),
    kill: () => run('stop', '--kill', 'kafka'),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    close: async () => {
      await run('stop', '--kill', 'kafka');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/**
 * A port that is free and whose successor, where the broker's controller listens, is free too; below those that the
 * system gives out by itself.
 */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
