import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Comparison } from './comparison.js';
import { ControlClient, dealt } from './control-client.js';
import { machine, say } from './figures.js';
import { startProgram } from './program.js';
import { openBareInserts, writeStreams } from './streams.js';

/**
 * Commands a second over HTTP against bare inserts of the same document through the same adapter; and what a command
 * costs on a stream of 10,000 events against one of 10. Rounds in turn, medians. `node dist/bench/commands.js [rounds]`
 */
const rounds = Number(process.argv[2] ?? 7);
const crowd = 32;
const [short, long] = [10, 10_000];
/** Of the comparison of lengths: a short stream gets few commands, so that it stays short. */
const lengthClients = 4;
const streamsAClient = 12;
const commandsAShortStream = 5;
const lengthPairsARound = 3;

const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
const { userIds, example } = await writeStreams(folder, [
  { length: 1, count: crowd },
  { length: short, count: lengthClients * streamsAClient * lengthPairsARound * (rounds + 1) },
  { length: long, count: lengthClients },
]);
const [newStreams = [], shortStreams = [], longStreams = []] = userIds;
const bare = await openBareInserts(folder, example);
const program = await startProgram(folder, process.env.BENCH_NODE_FLAGS?.split(' '));
const client = new ControlClient(program.control, program.key);

const one = new Comparison(
  () => client.commands([newStreams.slice(0, 1)], 250),
  () => bare.inserts.run(1, 500),
);
const many = new Comparison(
  () => client.commands(dealt(newStreams, crowd), 60),
  () => bare.inserts.run(crowd, 600),
);
const lengths = new Comparison(
  () => client.commands(dealt(longStreams, lengthClients), streamsAClient * commandsAShortStream),
  () =>
    client.commands(dealt(shortStreams.splice(0, lengthClients * streamsAClient), lengthClients), commandsAShortStream),
);
// The first round warms up.
for (let round = 0; round <= rounds; round += 1) {
  await one.measure(round > 0);
  await many.measure(round > 0);
  for (let pair = 0; pair < lengthPairsARound; pair += 1) await lengths.measure(round > 0);
}
await program.stop();
bare.close();
await rm(folder, { recursive: true });

say(`${machine()}; revoke-sessions over HTTP, the program in its own process; medians of ${rounds} rounds in turn`);
for (const [atOnce, { first, second, ratio }] of [
  [1, one],
  [crowd, many],
] as const) {
  const told = [`${Math.round(first)} commands/s`, `${Math.round(second)} bare inserts/s`, `ratio ${ratio.toFixed(2)}`];
  say(`  ${String(atOnce).padStart(2)} at once: ${told.join(', ')}`);
}
const costMs = (perSecond: number) => `${((1_000 * lengthClients) / perSecond).toFixed(2)} ms`;
say(
  `  a command of ${lengthClients} clients: ${costMs(lengths.second)} at stream length ${short}, ${costMs(lengths.first)} at ${long}; ` +
    `${(1 / lengths.ratio).toFixed(2)} times as long, to be at most 1.2`,
);
