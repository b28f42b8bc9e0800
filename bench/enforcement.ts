import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient, verdictOf } from './control-client.js';
import { machine, quantile, say } from './figures.js';
import { startProgram } from './program.js';

/**
 * From the sending of `revoke-sessions` to the first refusal at the edge, which is asked all the time on two connections.
 * The program is a process of its own, one revocation at a time. `node dist/bench/enforcement.js [revocations]`
 */
const revocations = Number(process.argv[2] ?? 1_000);
const warmUp = 50;
const askers = 2;

interface Round {
  readonly verdictMs: number[];
  readonly answerMs: number;
  readonly refusalMs: number;
}

const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
const program = await startProgram(folder);
const client = new ControlClient(program.control, program.key);
const [email, password] = ['bench@example.org', 'a password'];
const userId = await client.register(email, password);

const rounds: Round[] = [];
for (let round = -warmUp; round < revocations; round += 1) {
  const result = await revokeOnce(await client.signIn(email, password));
  if (round >= 0) rounds.push(result);
}
await program.stop();
await rm(folder, { recursive: true });

const refusals = rounds.map(({ refusalMs }) => refusalMs);
say(`${machine()}; ${revocations} revocations, one at a time, the edge asked on ${askers} connections meanwhile`);
say(
  line(
    'a verdict of the edge, asked and answered',
    rounds.flatMap(({ verdictMs }) => verdictMs),
  ),
);
say(
  line(
    'the command, sent to answered',
    rounds.map(({ answerMs }) => answerMs),
  ),
);
say(line('the command sent, to the first refusal', refusals));
say(
  line(
    'the answer to the command, to the first refusal',
    rounds.map(({ answerMs, refusalMs }) => refusalMs - answerMs),
  ),
);
say(`p99 from sent to refused: ${quantile(refusals, 0.99).toFixed(1)} ms, to be under 25 ms`);

async function revokeOnce(token: string): Promise<Round> {
  const verdictMs: number[] = [];
  let refusedAt: number | null = null;
  let sentAt = Number.POSITIVE_INFINITY;
  const ask = async () => {
    while (refusedAt === null) {
      const askedAt = performance.now();
      const status = await verdictOf(program.edge, token);
      if (status === 401) {
        if (performance.now() < sentAt) throw new Error('refused before it was revoked: the figures mean nothing');
        refusedAt ??= performance.now();
      } else if (status === 200) verdictMs.push(performance.now() - askedAt);
      else throw new Error(`the edge answered ${status}`);
    }
  };
  const asking = Promise.all(Array.from({ length: askers }, ask));
  while (verdictMs.length < askers * 3) await Promise.race([asking, new Promise((resolve) => setImmediate(resolve))]);
  sentAt = performance.now();
  await client.revokeSessions(userId);
  const answerMs = performance.now() - sentAt;
  await asking;
  return { verdictMs, answerMs, refusalMs: (refusedAt ?? Number.NaN) - sentAt };
}

function line(what: string, values: readonly number[]): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(2).padStart(7));
  return `  ${what.padEnd(48)} p50 ${p50} ms   p99 ${p99} ms   most ${most} ms`;
}
