import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import type { RecordedEvent } from '#libs/domain';
import { readEvent } from '#libs/event-store';
import type { Cluster } from './cluster.js';
import type { Knocking } from './cluster-knocking.js';
import { isDeadBy, type Person } from './cluster-people.js';
import { foldedUsers, RawStore } from './cluster-store.js';
import { RawTopic, type TopicEntry } from './cluster-topic.js';
import { eventually } from './eventually.js';

type Streams = ReadonlyMap<string, readonly RecordedEvent[]>;

/** What was found, for whoever reads the output. */
export interface Findings {
  readonly events: number;
  /** Entries on the topic beyond the first of each event. */
  readonly repeated: number;
  readonly dead: number;
  readonly living: number;
  /** From the call until every event was on the topic, and until every projection had followed it, ms. */
  readonly relayedMs: number;
  readonly followedMs: number;
}

const withinMs = 90_000;

/**
 * The two sentences of docs/architecture.md, section 8, when no command is under way any more. Nothing acknowledged is
 * lost: each event is in its user's stream and on the topic, first occurrences in order of version and without gaps, and
 * the user documents are the fold. No revoked token is let in, and every other one is.
 */
export async function checkCluster(
  cluster: Cluster,
  people: readonly Person[],
  knocking: Pick<Knocking, 'ask'>,
): Promise<Findings> {
  const store = new RawStore(cluster.servers.mongoUri);
  try {
    const began = performance.now();
    await eventually(async () => (await store.unsent()) === 0, withinMs);
    const relayedMs = Math.round(performance.now() - began);
    const topic = new RawTopic(cluster.servers.kafkaBrokers, cluster.topic);
    await followed(topic);
    const streams = await store.streams();
    const documents = foldedUsers(streams);
    await eventually(async () => isDeepStrictEqual(await store.users(), documents), withinMs).catch(() => undefined);
    const followedMs = Math.round(performance.now() - began);
    expect(await store.users()).toEqual(documents);
    checkStreams(people, streams);
    const repeated = checkTopic(await topic.read(), streams);
    const events = [...streams.values()].reduce((sum, stream) => sum + stream.length, 0);
    return { events, repeated, ...(await checkTokens(people, streams, knocking)), relayedMs, followedMs };
  } finally {
    await store.close();
  }
}

/** Waits until the revocation set has followed the topic up to where it ends: the projectors tell Kafka every 5 seconds. */
export async function followed(topic: RawTopic): Promise<void> {
  const bounds = await topic.bounds();
  await eventually(async () => {
    const read = await topic.committed('portcullis.revocations');
    const behind = [...bounds].filter(([partition, { low, high }]) => high > low && (read.get(partition) ?? 0) < high);
    if (behind.length > 0) throw new Error(`not followed yet: ${JSON.stringify({ behind, read: [...read] })}`);
    return true;
  }, withinMs);
}

/** Each acknowledged event is where its answer said; what else is there, somebody asked for, once for each command. */
function checkStreams(people: readonly Person[], streams: Streams): void {
  const commands = [...streams.values()].flat().map(({ commandId }) => commandId);
  expect(new Set(commands).size).toBe(commands.length);
  for (const stream of streams.values()) {
    expect(stream.map(({ version }) => version)).toEqual(stream.map((_, index) => index + 1));
  }
  for (const person of people) {
    expect(person.contradictions).toEqual([]);
    const stream = streams.get(person.id) ?? [];
    const acknowledged = stream.filter(({ version }) => person.events.has(version));
    expect(acknowledged.map(({ id, type, version }) => ({ id, type, version }))).toEqual(
      [...person.events.values()].sort((one, other) => one.version - other.version),
    );
    const unanswered = [...person.unanswered];
    for (const { type, version } of stream) {
      if (person.events.has(version)) continue;
      const asked = unanswered.indexOf(type);
      expect({ user: person.id, version, type, asked: asked !== -1 }).toMatchObject({ asked: true });
      unanswered.splice(asked, 1);
    }
  }
}

/** First occurrences are the streams, in their order. Gives how many entries there are beyond those. */
function checkTopic(entries: readonly TopicEntry[], streams: Streams): number {
  const first = new Map<string, RecordedEvent[]>();
  const partitions = new Map<string, number>();
  let repeated = 0;
  for (const { key, value, headers, partition } of entries) {
    const event = readEvent(JSON.parse(value));
    const known = first.get(key) ?? [];
    first.set(key, known);
    expect(String(headers.ce_id)).toBe(event.id);
    expect(partitions.get(key) ?? partition).toBe(partition);
    partitions.set(key, partition);
    if (event.version > known.length) known.push(event);
    else repeated += 1;
  }
  expect(first).toEqual(streams);
  return repeated;
}

/** Nothing is waited for: the log has been followed. */
async function checkTokens(people: readonly Person[], streams: Streams, knocking: Pick<Knocking, 'ask'>) {
  const wrong: unknown[] = [];
  let dead = 0;
  let living = 0;
  for (const { id, tokens } of people) {
    const stream = streams.get(id) ?? [];
    await Promise.all(
      tokens.map(async (token) => {
        const isDead = isDeadBy(stream, token);
        if (isDead) dead += 1;
        else living += 1;
        const given = await knocking.ask(token.text);
        if (given.some((status) => status !== (isDead ? 401 : 200))) {
          wrong.push({ user: id, sid: token.sid, version: token.version, isDead, given });
        }
      }),
    );
  }
  expect(wrong).toEqual([]);
  return { dead, living };
}
