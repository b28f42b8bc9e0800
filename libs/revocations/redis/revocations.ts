import type {
  FeedBatch,
  LookUp,
  Revocation,
  RevocationEntry,
  Revocations,
  SetStatus,
  Subject,
} from '../revocations.js';
import { RevocationsUnavailable } from '../revocations.js';
import { subjectKey } from '../subject-key.js';
import { checkRedisServer, type RedisServerCheck } from './check-server.js';
import { Connection } from './connection.js';
import { FeedReading, feedPauseMs } from './feed.js';
import { Filling } from './filling.js';
import { Keys } from './keys.js';
import { Link } from './link.js';
import { readMeta } from './meta.js';
import { packSid, unpackEntry } from './packed-entry.js';
import { advance, declareWhole, raise } from './scripts.js';
import { type RedisLimits, type RedisRevocationsSettings, withDefaults } from './settings.js';
import { unavailable } from './trouble.js';

/** So many facts travel in one script: the server does nothing else meanwhile. */
const raiseBatchSize = 250;
/** So many scripts are under way for one call, so that the last of them is answered in time. */
const batchesAtOnce = 4;

/**
 * The set in Redis, shared by every process of a region. What a server says of itself holds for one run of it: after a
 * restart, a fail-over or a restored dump, and when it was emptied, there is no generation until the set is declared
 * whole again. It connects by itself, and while there is no connection every method rejects at once.
 *
 * `declareWhole` rejects when the server was emptied or changed since the set was found not to be whole: then what was
 * raised is lost in part, and whoever fills it starts over.
 */
export class RedisRevocations implements Revocations {
  readonly #limits: RedisLimits;
  readonly #keys: Keys;
  readonly #connection: Connection;
  readonly #filling = new Filling();
  readonly #feeds = new Set<Link>();
  /** The last `meta` that was seen with the link on which it came, and what it means: it rarely changes. */
  #seen: { readonly link: Link; readonly meta: string | null; readonly generation: string | null } | null = null;
  #closed = false;

  constructor(settings: RedisRevocationsSettings) {
    this.#limits = withDefaults(settings);
    this.#keys = new Keys(this.#limits.keyPrefix);
    this.#connection = new Connection(this.#limits);
  }

  /** Resolves when the server can be asked, however long that takes; rejects when this is closed. */
  connected(): Promise<void> {
    return this.#connection.connected();
  }

  async raise(revocations: readonly Revocation[]): Promise<void> {
    this.#connection.link();
    const batches: Promise<void>[] = [];
    for (let start = 0; start < revocations.length; start += raiseBatchSize) {
      batches.push(this.#raiseBatch(revocations.slice(start, start + raiseBatchSize)));
      if (batches.length === batchesAtOnce) await Promise.all(batches.splice(0));
    }
    await Promise.all(batches);
  }

  lookUp(subjects: readonly Subject[]): Promise<LookUp> {
    let link: Link;
    try {
      link = this.#connection.link();
    } catch (error) {
      return Promise.reject(error);
    }
    const keys: string[] = [];
    for (const subject of subjects) keys.push(this.#keys.revoked(subject));
    keys.push(this.#keys.meta);
    return link.redis.mget(keys).then(
      (values) => this.#answer(link, values),
      (error: unknown) => {
        throw this.#failed(link, error);
      },
    );
  }

  async status(): Promise<SetStatus> {
    const { meta, positions: positionsKey } = this.#keys;
    const status = await this.#ask(async (link) => {
      const replies = await link.redis.multi().get(meta).hgetall(positionsKey).exec();
      const [metaText, positions] = (replies ?? []).map(([error, reply]) => {
        if (error) throw error;
        return reply;
      });
      const generation = this.#generationIn(link, typeof metaText === 'string' ? metaText : null);
      if (generation === null) return { generation, positions: new Map<number, number>() };
      return { generation, positions: positionsIn(positions) };
    });
    this.#said(status.generation !== null);
    return status;
  }

  async declareWhole(positions: ReadonlyMap<number, number>): Promise<string> {
    const { meta, positions: positionsKey } = this.#keys;
    const filledIn = this.#filling.era;
    if (filledIn === 'broken') throw this.#startOver();
    const generation = this.#limits.newId();
    const era = await this.#ask((link) =>
      declareWhole.run(
        link.redis,
        [meta, positionsKey],
        [link.runId, filledIn ?? '', this.#limits.newId(), generation, ...[...positions].flat()],
      ),
    );
    if (typeof era !== 'string') throw this.#startOver();
    this.#said(true);
    return generation;
  }

  async advance(generation: string, positions: ReadonlyMap<number, number>): Promise<boolean> {
    const { meta, positions: positionsKey } = this.#keys;
    const holds = await this.#ask((link) =>
      advance.run(link.redis, [meta, positionsKey], [link.runId, generation, ...[...positions].flat()]),
    );
    this.#said(holds === 1);
    return holds === 1;
  }

  async *feed(after: string | null, signal: AbortSignal): AsyncIterable<FeedBatch> {
    if (signal.aborted) return;
    const link = await this.#openFeed();
    const end = () => link.end();
    signal.addEventListener('abort', end);
    try {
      const reading = new FeedReading(link, this.#keys, after, signal, Date.now);
      while (!signal.aborted) yield await reading.next();
    } catch (error) {
      if (signal.aborted) return;
      throw this.#closed ? this.#whenClosed() : unavailable(error);
    } finally {
      signal.removeEventListener('abort', end);
      this.#feeds.delete(link);
      link.end();
    }
  }

  /** Asks for an answer, not for a write: a server without memory still guards everybody it knows. */
  async ping(): Promise<void> {
    await this.#ask((link) => link.redis.ping());
  }

  /** Looks at the server, for a start. */
  async checkServer(): Promise<RedisServerCheck> {
    return await this.#ask((link) => checkRedisServer(link.redis));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection.close();
    for (const link of this.#feeds) link.end();
  }

  async #raiseBatch(revocations: readonly Revocation[]): Promise<void> {
    const subjects = new Map<string, number>();
    const keys = [this.#keys.meta, this.#keys.told, this.#keys.feed];
    const facts: (string | number)[] = [];
    for (const revocation of revocations) {
      const name = subjectKey(revocation.subject);
      let index = subjects.get(name);
      if (index === undefined) {
        index = keys.push(this.#keys.revoked(revocation.subject)) - 3;
        subjects.set(name, index);
      }
      if ('sid' in revocation) facts.push(index, name, 's', packSid(revocation.sid), revocation.at);
      else facts.push(index, name, 'w', revocation.watermark, revocation.at);
    }
    const era = await this.#ask((link) =>
      raise.run(link.redis, keys, [link.runId, this.#limits.newId(), this.#limits.lifeMs(), ...facts]),
    );
    this.#filling.raisedIn(String(era));
  }

  #answer(link: Link, values: readonly (string | null)[]): LookUp {
    const last = values.length - 1;
    const entries: (RevocationEntry | null)[] = [];
    for (let index = 0; index < last; index += 1) {
      const value = values[index] ?? null;
      entries.push(value === null ? null : unpackEntry(value));
    }
    return { generation: this.#generationIn(link, values[last] ?? null), entries };
  }

  /** Null unless the set was declared whole in the very run of the server that answers on this link. */
  #generationIn(link: Link, text: string | null): string | null {
    const seen = this.#seen;
    if (seen !== null && seen.link === link && seen.meta === text) return seen.generation;
    const meta = readMeta(text);
    const generation = meta !== null && meta.runId === link.runId ? meta.generation : null;
    this.#seen = { link, meta: text, generation };
    return generation;
  }

  async #ask<T>(question: (link: Link) => Promise<T>): Promise<T> {
    const link = this.#connection.link();
    try {
      return await question(link);
    } catch (error) {
      throw this.#failed(link, error);
    }
  }

  /** After a timeout the connection is given up: a server that does not answer would be sent everything that is asked meanwhile. */
  #failed(link: Link, error: unknown): RevocationsUnavailable {
    if (error instanceof Error && error.message === 'Command timed out') link.end();
    return this.#closed ? this.#whenClosed() : unavailable(error);
  }

  async #openFeed(): Promise<Link> {
    if (this.#closed) throw this.#whenClosed();
    try {
      const link = await Link.open(this.#limits, () => undefined, feedPauseMs + this.#limits.commandTimeoutMs);
      this.#feeds.add(link);
      return link;
    } catch (error) {
      throw unavailable(error);
    }
  }

  #said(whole: boolean): void {
    if (whole) this.#filling.whole();
    else this.#filling.notWhole();
  }

  #startOver(): RevocationsUnavailable {
    this.#filling.startOver();
    return new RevocationsUnavailable('Redis was emptied or restarted while the set was being filled: fill it again');
  }

  #whenClosed(): RevocationsUnavailable {
    return new RevocationsUnavailable('the revocation set is closed');
  }
}

function positionsIn(reply: unknown): Map<number, number> {
  if (typeof reply !== 'object' || reply === null) return new Map();
  return new Map(Object.entries(reply).map(([partition, position]) => [Number(partition), Number(position)]));
}
