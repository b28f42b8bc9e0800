import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Collection } from '#libs/documents';
import { MongoDocuments, mongoSettings } from '#libs/documents/mongodb';
import { startApp } from './cluster-app.js';
import { type Mixture, publishEvents } from './cluster-events.js';
import { openPlace, type Place } from './cluster-place.js';
import { machine, median, say } from './figures.js';

/**
 * A projector that finds an empty revocation set and a topic full of events, against a bare kafkajs read of the same topic,
 * each in a new process, in turn, both from joining the group to the last event. And the same for the user documents, on
 * fewer events. `node dist/bench/cluster-projecting.js [events] [rounds] [events for user documents]`
 */
const events = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 3);
const userEvents = Number(process.argv[4] ?? 10_000);
const run = promisify(execFile);
/** Longer than the bench takes, so that every event is to be in the set. */
const life = { ACCESS_TOKEN_TTL: '1d', MONGODB_TIMEOUT: '30s' };

const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
say(`${machine()}; medians of ${rounds} rounds in turn`);
for (const mixture of ['mixed', 'revoking'] as const) await compareSet(mixture);
await compareUsers();
await rm(folder, { recursive: true });

interface Projected {
  readonly ms: number;
  /** Of the process, from time to time, MiB. */
  readonly residentMib: readonly number[];
}

async function compareSet(mixture: Mixture): Promise<void> {
  const topic = openPlace(life);
  const count = await publishEvents(topic.config, mixture, events);
  const pairs: { readonly bareMs: number; readonly projected: Projected }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bareFirst = round % 2 === 0 ? await bareRead(topic) : null;
    const projected = await projectSet(topic);
    pairs.push({ projected, bareMs: bareFirst ?? (await bareRead(topic)) });
  }
  await topic.clear();
  const perSecond = (ms: number) => `${Math.round((1_000 * count) / ms)}/s`;
  const ratio = median(pairs.map(({ bareMs, projected }) => bareMs / projected.ms));
  const memory = pairs.at(-1)?.projected.residentMib.map((mib) => Math.round(mib)) ?? [];
  say(
    `revocation set, ${count} events, ${mixture}: ${perSecond(median(pairs.map(({ projected }) => projected.ms)))}, ` +
      `bare read ${perSecond(median(pairs.map(({ bareMs }) => bareMs)))}, ratio ${ratio.toFixed(2)}, to be at least 0.5`,
  );
  say(`  resident MiB along the way: ${memory.join(', ')}`);
}

/** A new set each time, on the same topic. */
async function projectSet(topic: Place): Promise<Projected> {
  const place = openPlace(life);
  const app = await startApp('projector', folder, {
    ...place.env,
    KAFKA_TOPIC: topic.config.KAFKA_TOPIC,
    PROJECTIONS: 'revocations',
  });
  const measuring = new AbortController();
  const resident = residentMib(app.pid, measuring.signal);
  await app.ready();
  measuring.abort();
  await app.stop(); // Its log is written by then.
  const [{ ms } = {}] = app.said('the revocation set is whole');
  await place.clear();
  return { ms: Number(ms), residentMib: await resident };
}

async function compareUsers(): Promise<void> {
  const place = openPlace(life);
  const count = await publishEvents(place.config, 'mixed', userEvents);
  const bareMs = await bareRead(place);
  const documents = new MongoDocuments(mongoSettings(place.config));
  const positions = await documents.collection<Position>({ name: 'projections', indexes: [] });
  const app = await startApp('projector', folder, place.env);
  await app.ready();
  const cpuSeconds = () => app.metric('process_cpu_seconds_total');
  const [began, cpuBefore] = [performance.now(), await cpuSeconds()];
  while ((await projected(positions)) < count) await setTimeout(100);
  const usersMs = performance.now() - began;
  const cpuMicros = (1e6 * ((await cpuSeconds()) - cpuBefore)) / count;
  const parked = await app.metric('portcullis_parked_events_total');
  await Promise.all([app.stop(), documents.close()]);
  await place.clear();
  const perSecond = (ms: number) => `${Math.round((1_000 * count) / ms)}/s`;
  say(
    `user documents, ${count} events, mixed: ${perSecond(usersMs)}, bare read ${perSecond(bareMs)}, ` +
      `ratio ${(bareMs / usersMs).toFixed(3)}; ` +
      `an event is ${Math.round(cpuMicros)} us of the projector's time on a processor; ${parked} parked`,
  );
}

interface Position {
  readonly _id: string;
  readonly position: number;
}

/** How many events: every partition is read from its beginning. The positions are written once a second. */
async function projected(positions: Collection<Position>): Promise<number> {
  const all = await positions.find({}, { limit: 1_000 });
  return all.reduce((sum, { _id, position }) => sum + (_id.startsWith('users:') ? position : 0), 0);
}

async function bareRead({ config }: Place): Promise<number> {
  const script = join(import.meta.dirname, 'cluster-bare-read.js');
  const { stdout } = await run(process.execPath, [script, config.KAFKA_BROKERS.join(','), config.KAFKA_TOPIC]);
  return Number(JSON.parse(stdout).ms);
}

/** Until the signal. */
async function residentMib(pid: number, signal: AbortSignal): Promise<number[]> {
  const mib: number[] = [];
  while (!signal.aborted) {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    mib.push(Number(stdout) / 1_024);
    await setTimeout(Math.max(50, events / 1_000), undefined, { signal }).catch(() => {});
  }
  return mib;
}
