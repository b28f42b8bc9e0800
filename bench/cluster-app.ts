import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'undici';
import { freePort, nodeFlags } from './program.js';

const ports = { commands: 'CONTROL_PORT', projector: 'PROJECTOR_PORT', gateway: 'EDGE_PORT' } as const;

/** One app of a cluster in a process of its own, its log in a file. */
export interface ClusterApp {
  readonly url: string;
  readonly http: Pool;
  readonly pid: number;
  /** Resolves when `/readyz` says so; rejects when it ends before. */
  ready(): Promise<void>;
  /** A gauge or a counter, summed over all series that have the labels. */
  metric(name: string, labels?: string): Promise<number>;
  /** The lines of its log that have this message, parsed. */
  said(message: string): Record<string, unknown>[];
  stop(): Promise<void>;
}

/** `BENCH_NODE_FLAGS` are for every app. */
export async function startApp(
  name: keyof typeof ports,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<ClusterApp> {
  const port = await freePort();
  const logFile = join(folder, `${name}-${port}.log`);
  const log = openSync(logFile, 'a');
  const flags = [...nodeFlags, ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? [])];
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, `../apps/${name}/main.js`)], {
    env: { ...process.env, ...env, [ports[name]]: port },
    stdio: ['ignore', log, log],
  });
  const exited = once(child, 'exit');
  const http = new Pool(`http://127.0.0.1:${port}`, { connections: 64 });
  const get = async (path: string) => {
    const { statusCode, body } = await http.request({ method: 'GET', path });
    return { statusCode, text: await body.text() };
  };
  return {
    url: `http://127.0.0.1:${port}`,
    http,
    pid: child.pid ?? 0,
    async ready() {
      while (child.exitCode === null) {
        const answer = await get('/readyz').catch(() => null);
        if (answer?.statusCode === 200) return;
        await setTimeout(50);
      }
      throw new Error(`${name} ended before it was ready:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    },
    async metric(metric, labels = '') {
      const lines = (await get('/metrics')).text.split('\n');
      const ours = lines.filter((line) => new RegExp(`^${metric}[{ ]`).test(line) && line.includes(labels));
      return ours.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    said(message) {
      const lines = readFileSync(logFile, 'utf8').split('\n');
      return lines.filter((line) => line.startsWith('{') && line.includes(message)).map((line) => JSON.parse(line));
    },
    async stop() {
      await http.close();
      child.kill('SIGTERM');
      await exited;
    },
  };
}
