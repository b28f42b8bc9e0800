import { setTimeout } from 'node:timers/promises';
import type { FeedBatch, FeedItem, Revocation } from '../revocations.js';
import { subjectOf } from '../subject-key.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { readMeta } from './meta.js';
import { unpackSid } from './packed-entry.js';

const batchSize = 1_000;
/** How long the server holds an answer back when there is nothing new. */
export const feedPauseMs = 400;

/** Where a reader is: which era it read, how many facts of it the feed had carried, and the id of the last. */
interface Place {
  readonly era: string;
  readonly number: number;
  readonly id: string;
}

const beginning = '0-0';

/**
 * Reads the feed on a connection of its own. Facts are numbered without gaps. When the next one is not the next number,
 * or the set is of another era than the reader's place, then something may have been missed: the reader is told that
 * the set is not whole, and the feed begins again.
 */
export class FeedReading {
  #place: Place | null;
  #lost: boolean;

  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    after: string | null,
    private readonly signal: AbortSignal,
    private readonly now: () => number,
  ) {
    this.#place = after === null ? null : placeOf(after);
    this.#lost = after !== null && this.#place === null;
  }

  /** The next batch. Rejects with the driver's error. */
  async next(): Promise<FeedBatch> {
    const at = this.now();
    if (this.#lost) return this.#beginAgain(at);
    const place = this.#place;
    const { redis } = this.link;
    // One write: the server answers the second after the first, so the generation is at least as new as the facts.
    const [entries, metaText] = await Promise.all([
      redis.xread('COUNT', batchSize, 'BLOCK', feedPauseMs, 'STREAMS', this.keys.feed, place?.id ?? beginning),
      redis.get(this.keys.meta),
    ]);
    const meta = readMeta(metaText);
    const current = meta !== null && meta.runId === this.link.runId ? meta : null;
    if (place !== null && current?.era !== place.era) return this.#beginAgain(at);
    const facts = (entries?.[0]?.[1] ?? []).map(([id, fields]) => factIn(id, fields));
    if (place !== null && !follow(place.number, facts)) return this.#beginAgain(at);
    if (current === null) {
      // What there is to read was written in another run of the server; it begins to count when something is raised.
      if (facts.length > 0) await setTimeout(feedPauseMs, undefined, { signal: this.signal });
      return { generation: null, items: [], at };
    }
    const last = facts.at(-1);
    if (last !== undefined) this.#place = { era: current.era, number: last.number, id: last.id };
    return { generation: current.generation, items: facts.map((fact) => item(fact, current.era)), at };
  }

  #beginAgain(at: number): FeedBatch {
    this.#lost = false;
    this.#place = null;
    return { generation: null, items: [], at };
  }
}

interface Fact {
  readonly id: string;
  readonly number: number;
  readonly revocation: Revocation;
}

/** `n <number> of <subject> w|s <watermark or session> at <time>`, as `scripts.ts` writes it. */
function factIn(id: string, fields: readonly string[]): Fact {
  const [, number = '', , of = '', kind = '', value = '', , at = ''] = fields;
  const subject = subjectOf(of);
  const revocation: Revocation =
    kind === 's'
      ? { subject, sid: unpackSid(value), at: Number(at) }
      : { subject, watermark: Number(value), at: Number(at) };
  return { id, number: Number(number), revocation };
}

function follow(number: number, facts: readonly Fact[]): boolean {
  return facts.every((fact, index) => fact.number === number + 1 + index);
}

function item({ id, number, revocation }: Fact, era: string): FeedItem {
  return { position: `${id}/${number}/${era}`, revocation };
}

function placeOf(position: string): Place | null {
  const [id, number, era] = position.split('/');
  if (id === undefined || number === undefined || era === undefined || !/^\d+-\d+$/.test(id)) return null;
  return { id, number: Number(number), era };
}
