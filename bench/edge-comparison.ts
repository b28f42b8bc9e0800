import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '#libs/platform';
import { startTestIssuer } from './edge-issuer.js';
import { openLoad, type Round } from './edge-load.js';
import { median, say } from './figures.js';

const tokenCount = 2_000;
/** As the programs are started: see docs/performance.md. */
const nodeFlags = ['--max-semi-space-size=64'];

interface Server {
  readonly url: string;
  readonly process: ChildProcess;
}

interface Measured extends Round {
  readonly cpuMicros: number;
}

/** How a comparison is done. */
export interface ComparisonSettings {
  readonly rounds: number;
  /** Of one round. */
  readonly seconds: number;
  /** At a time, each waiting for its answer. */
  readonly connections: number;
}

/**
 * A verdict of servers of these kinds (see `edge-servers.ts`; `bare` first, an edge last), its log line included: 2,000 tokens in
 * turn, each server in its own process, rounds in turn. Says the medians.
 */
export async function compareVerdicts(
  kinds: readonly string[],
  { rounds, seconds, connections }: ComparisonSettings,
): Promise<void> {
  const config = readConfig({});
  const issuer = await startTestIssuer({ issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE });
  const tokens = await Promise.all(
    Array.from({ length: tokenCount }, (_, index) =>
      issuer.sign({ sub: index.toString(16).padStart(24, '0'), sid: `session-${index}` }),
    ),
  );
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const load = await openLoad(tokens, connections);
  const servers = new Map<string, Server>();
  for (const kind of kinds) servers.set(kind, await start(kind, folder, issuer.jwksUrl));

  // So that no round pays for signatures: whether 2,000 tokens are new is not what is measured.
  for (const server of servers.values()) {
    for (const token of tokens) {
      await fetch(`${server.url}/_portcullis/verdict`, { headers: { authorization: `Bearer ${token}` } });
    }
  }

  const results = new Map<string, Measured[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [kind, server] of servers) {
      const before = await cpuOf(server);
      const result = await load.round(`${server.url}/_portcullis/verdict`, round === 0 ? 2 : seconds);
      const cpuMicros = ((await cpuOf(server)) - before) / result.requests;
      if (result.refused > 0) throw new Error(`${kind} refused ${result.refused} requests: the figures mean nothing`);
      // The first round warms up.
      if (round > 0) results.get(kind)?.push({ ...result, cpuMicros });
    }
  }

  const medianOf = (kind: string, figure: 'perSecond' | 'p99Ms' | 'cpuMicros') =>
    median((results.get(kind) ?? []).map((round) => round[figure]));
  const bare = medianOf('bare', 'perSecond');
  say(
    `load: ${load.name}, ${connections} connections, ${tokenCount} tokens; ${rounds} rounds of ${seconds} s; ${cpus().length} cores`,
  );
  say(
    `node ${process.version} ${nodeFlags.join(' ')}; the edge's log went to a file, ${await loggedMb(join(folder, `${kinds.at(-1)}.log`))} in all`,
  );
  for (const kind of kinds) {
    const perSecond = medianOf(kind, 'perSecond');
    const figures = [
      `${Math.round(perSecond)}/s`,
      `p99 ${medianOf(kind, 'p99Ms').toFixed(2)} ms`,
      `CPU ${medianOf(kind, 'cpuMicros').toFixed(1)} us`,
      `ratio to bare ${(perSecond / bare).toFixed(2)}`,
    ];
    say(`${kind.padEnd(10)} ${figures.join('  ')}`);
  }
  for (const server of servers.values()) server.process.disconnect();
  await Promise.all([load.close(), issuer.close(), rm(folder, { recursive: true })]);
}

async function start(kind: string, folder: string, jwksUrl: string): Promise<Server> {
  const log = openSync(join(folder, `${kind}.log`), 'w');
  const script = new URL('./edge-servers.js', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [...nodeFlags, ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? []), script, kind],
    {
      stdio: ['ignore', log, 'inherit', 'ipc'],
      env: { ...process.env, JWKS_URL: jwksUrl },
    },
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message: { readonly url: string }) => resolve(message.url));
    child.once('exit', (code) => reject(new Error(`server ${kind} ended with ${code}`)));
  });
  return { url, process: child };
}

function cpuOf({ process: child }: Server): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', (message: { readonly cpuMicros: number }) => resolve(message.cpuMicros));
    child.send('cpu');
  });
}

async function loggedMb(file: string): Promise<string> {
  const { size } = await stat(file);
  return `${(size / 1e6).toFixed(0)} MB`;
}
