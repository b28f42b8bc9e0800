import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type ClusterApp, startApp } from './cluster-app.js';
import { openPlace } from './cluster-place.js';
import { ControlClient, verdictOf } from './control-client.js';
import { machine, quantile, say } from './figures.js';

/**
 * From the sending of `revoke-sessions` to the refusal of the last of three edges, each asked about once a millisecond: with
 * the shortcut, and through the log alone, in turn. Two commands processes, one projector and three gateways on one set
 * of servers. `node dist/bench/cluster-enforcement.js [revocations]`
 */
const revocations = Number(process.argv[2] ?? 300);
const warmUp = Math.min(50, revocations);
const edgeCount = 3;
const userCount = 24;
const password = 'a password';

interface Round {
  readonly answerMs: number;
  /** Of each edge, in the order in which they refused. */
  readonly refusalMs: readonly number[];
  readonly verdictMs: readonly number[];
}

const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
const adminKey = randomBytes(24).toString('base64url');
const place = openPlace({ ADMIN_API_KEY: adminKey });
const shortcut = await startApp('commands', folder, place.env);
const logOnly = await startApp('commands', folder, { ...place.env, ENFORCE_AT_ONCE: 'false' });
const projector = await startApp('projector', folder, place.env);
const edgeEnv = { ...place.env, JWKS_URL: `${shortcut.url}/.well-known/jwks.json` };
const edges = await Promise.all(Array.from({ length: edgeCount }, () => startApp('gateway', folder, edgeEnv)));
const apps = [shortcut, logOnly, projector, ...edges];
await Promise.all(apps.map((app) => app.ready()));

const control = new ControlClient(shortcut.http, adminKey);
const emails = Array.from({ length: userCount }, (_, index) => `bench-${index}@example.org`);
const userIds: string[] = [];
for (const email of emails) userIds.push(await control.register(email, password));

const ways = [
  { name: 'with the shortcut', control, rounds: [] as Round[], toBe: 'p50 under 8 ms, p99 under 50 ms' },
  {
    name: 'through the log alone',
    control: new ControlClient(logOnly.http, adminKey),
    rounds: [] as Round[],
    toBe: 'p99 under 100 ms',
  },
];
for (let number = -warmUp; number < revocations; number += 1) {
  for (const way of ways) {
    const result = await revokeOnce(way.control, (number + warmUp) % userCount);
    if (number >= 0) way.rounds.push(result);
  }
}

say(`${machine()}; ${revocations} revocations each way, in turn, one at a time, ${edgeCount} edges`);
for (const { name, rounds, toBe } of ways) {
  const last = rounds.map(({ refusalMs }) => refusalMs.at(-1) ?? Number.NaN);
  say(`${name}:`);
  say(
    line(
      'a verdict, asked and answered',
      rounds.flatMap(({ verdictMs }) => verdictMs),
    ),
  );
  say(
    line(
      'the command, sent to answered',
      rounds.map(({ answerMs }) => answerMs),
    ),
  );
  say(
    line(
      'the command sent, to the first refusal',
      rounds.map(({ refusalMs }) => refusalMs[0] ?? Number.NaN),
    ),
  );
  say(line('the command sent, to the last refusal', last));
  say(
    line(
      'the answer, to the last refusal',
      rounds.map(({ answerMs }, index) => (last[index] ?? 0) - answerMs),
    ),
  );
  say(`  to be: ${toBe}`);
}
const meanMs = async (app: ClusterApp, via: string) => {
  const [sum, count] = await Promise.all(
    ['sum', 'count'].map((part) => app.metric(`portcullis_append_to_enforced_seconds_${part}`, `via="${via}"`)),
  );
  return ((1_000 * (sum ?? 0)) / (count ?? 0)).toFixed(2);
};
say(`from append to enforced, as the programs count it, on average: ${await meanMs(projector, 'log')} ms via the log`);
for (const app of apps) await app.stop();
await place.clear();
await rm(folder, { recursive: true });

async function revokeOnce(sender: ControlClient, user: number): Promise<Round> {
  const token = await control.signIn(emails[user] ?? '', password);
  const verdictMs: number[] = [];
  const refusedAt: number[] = [];
  let sentAt = Number.POSITIVE_INFINITY;
  const watch = async (edge: ClusterApp) => {
    for (;;) {
      const askedAt = performance.now();
      const status = await verdictOf(edge.http, token);
      const answeredAt = performance.now();
      if (status === 401) {
        if (answeredAt < sentAt) throw new Error('refused before it was revoked: the figures mean nothing');
        refusedAt.push(answeredAt);
        return;
      }
      if (status !== 200) throw new Error(`the edge answered ${status}`);
      verdictMs.push(answeredAt - askedAt);
      await setTimeout(1);
    }
  };
  const watching = Promise.all(edges.map(watch));
  while (verdictMs.length < 5 * edgeCount) await Promise.race([watching, setTimeout(1)]);
  sentAt = performance.now();
  await sender.revokeSessions(userIds[user] ?? '');
  const answerMs = performance.now() - sentAt;
  await watching;
  return { answerMs, refusalMs: refusedAt.map((at) => at - sentAt), verdictMs };
}

function line(what: string, values: readonly number[]): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(2).padStart(7));
  return `  ${what.padEnd(40)} p50 ${p50} ms   p99 ${p99} ms   most ${most} ms`;
}
