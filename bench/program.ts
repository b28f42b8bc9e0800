import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';

/** The built program in a process of its own, its log in a file, and a pool of connections to each of its ports. */
export interface BenchProgram {
  readonly control: Pool;
  readonly edge: Pool;
  /** An admin key. */
  readonly key: string;
  stop(): Promise<void>;
}

/** As the programs are started by `npm start`. */
export const nodeFlags = ['--max-semi-space-size=64'];

/** Starts the program on a data folder and waits until it is ready and has projected all that is there. */
export async function startProgram(folder: string, extraFlags: readonly string[] = []): Promise<BenchProgram> {
  const key = randomBytes(24).toString('base64url');
  const ports = { CONTROL_PORT: await freePort(), EDGE_PORT: await freePort() };
  const log = openSync(join(folder, 'program.log'), 'a');
  const main = join(import.meta.dirname, '../apps/standalone/main.js');
  const child = spawn(process.execPath, [...nodeFlags, ...extraFlags, main], {
    env: { ...process.env, ...ports, ADMIN_API_KEY: key, PORTCULLIS_DATA: join(folder, 'data'), LOG_FORMAT: 'json' },
    stdio: ['ignore', log, log],
  });
  const control = new Pool(`http://127.0.0.1:${ports.CONTROL_PORT}`, { connections: 64 });
  const edge = new Pool(`http://127.0.0.1:${ports.EDGE_PORT}`, { connections: 64 });
  await settled(child, control, edge);
  return {
    control,
    edge,
    key,
    stop: async () => {
      await Promise.all([control.close(), edge.close()]);
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function settled(child: ChildProcess, control: Dispatcher, edge: Dispatcher): Promise<void> {
  while (child.exitCode === null) {
    const [ready, metrics] = await Promise.all([
      edge.request({ method: 'GET', path: '/readyz' }),
      control.request({ method: 'GET', path: '/metrics' }),
    ]).catch(() => []);
    const text = (await metrics?.body.text()) ?? '';
    await ready?.body.dump();
    const lags = [...text.matchAll(/^portcullis_projector_lag_events\{.*\} (\d+)$/gm)].map(([, lag]) => Number(lag));
    if (ready?.statusCode === 200 && lags.length > 0 && lags.every((lag) => lag === 0)) return;
    await setTimeout(50);
  }
  throw new Error('the program ended before it was ready');
}

/** Free when it is asked for. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return String(typeof address === 'object' ? address?.port : 0);
}
