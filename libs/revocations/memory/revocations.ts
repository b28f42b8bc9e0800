import { randomUUID } from 'node:crypto';
import { merge } from '../merge.js';
import {
  type FeedBatch,
  type LookUp,
  type Revocation,
  type RevocationEntry,
  type Revocations,
  RevocationsUnavailable,
  type SetStatus,
  type Subject,
} from '../revocations.js';
import { subjectKey } from '../subject-key.js';
import { Facts, type KeptFact } from './facts.js';

export interface MemoryRevocationsOptions {
  /** The longest life of an access token in use lately, plus skew, in ms: for how long a fact is kept. */
  readonly lifeMs: number;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
  /** Makes ids that are never the same twice, for generations. */
  readonly newId?: () => string;
}

const feedBatchSize = 1000;
const feedPauseMs = 500;

/**
 * The set in this process' memory: cold at the start, and whole only when it has been rebuilt from the log and declared
 * so. A fact is kept for the token life from when it was first told, since every token that it kills is dead by then.
 */
export class MemoryRevocations implements Revocations {
  readonly #entries = new Map<string, RevocationEntry>();
  readonly #facts = new Facts();
  readonly #sleepers = new Set<() => void>();
  readonly #lifeMs: number;
  readonly #now: () => number;
  readonly #newId: () => string;
  /** Tells this set's feed positions from those of another life of the process. */
  readonly #life: string;
  #generation: string | null = null;
  #positions: ReadonlyMap<number, number> = new Map();
  /** The answers when nothing is held against anyone, by the number asked for: nearly every look-up is one of these. */
  #clean: Promise<LookUp>[] = [];
  #closed = false;

  constructor({ lifeMs, now, newId = randomUUID }: MemoryRevocationsOptions) {
    this.#lifeMs = lifeMs;
    this.#now = now;
    this.#newId = newId;
    this.#life = newId();
  }

  async raise(revocations: readonly Revocation[]): Promise<void> {
    this.#refuseClosed();
    const now = this.#now();
    this.#forgetExpired(now);
    const before = this.#facts.last;
    for (const revocation of revocations) {
      const key = subjectKey(revocation.subject);
      const held = this.#entries.get(key) ?? null;
      const merged = merge(held, revocation);
      if (merged === held) continue;
      this.#entries.set(key, merged);
      this.#facts.add(key, revocation, now + this.#lifeMs);
    }
    if (this.#facts.last > before) this.#wakeFeeds();
  }

  lookUp(subjects: readonly Subject[]): Promise<LookUp> {
    if (this.#closed) return Promise.reject(closed());
    for (const subject of subjects) {
      if (this.#entries.has(subjectKey(subject))) return Promise.resolve(this.#answer(subjects));
    }
    return this.#cleanAnswer(subjects.length);
  }

  async status(): Promise<SetStatus> {
    this.#refuseClosed();
    this.#forgetExpired(this.#now());
    return { generation: this.#generation, positions: this.#positions };
  }

  async declareWhole(positions: ReadonlyMap<number, number>): Promise<string> {
    this.#refuseClosed();
    const generation = this.#newId();
    this.#become(generation, new Map(positions));
    return generation;
  }

  async advance(generation: string, positions: ReadonlyMap<number, number>): Promise<boolean> {
    this.#refuseClosed();
    if (generation !== this.#generation) return false;
    const furthest = new Map(this.#positions);
    for (const [partition, position] of positions) {
      furthest.set(partition, Math.max(position, furthest.get(partition) ?? 0));
    }
    this.#positions = furthest;
    return true;
  }

  async *feed(after: string | null, signal: AbortSignal): AsyncIterable<FeedBatch> {
    let number = this.#numberOf(after);
    while (!signal.aborted) {
      this.#refuseClosed();
      const at = this.#now();
      this.#forgetExpired(at);
      const generation = this.#generation;
      const facts = this.#facts.after(number, feedBatchSize);
      number = facts.at(-1)?.number ?? number;
      yield { generation, items: facts.map((fact) => this.#item(fact)), at };
      // What changed while the batch was being handled is told at once.
      if (this.#facts.last === number && this.#generation === generation) await this.#change(signal);
    }
  }

  async ping(): Promise<void> {
    this.#refuseClosed();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeFeeds();
  }

  /** Drops everything and is cold again, as a server that was emptied. */
  async forget(): Promise<void> {
    this.#refuseClosed();
    this.#entries.clear();
    this.#facts.clear();
    this.#become(null, new Map());
  }

  #become(generation: string | null, positions: ReadonlyMap<number, number>): void {
    this.#generation = generation;
    this.#positions = positions;
    this.#clean = [];
    this.#wakeFeeds();
  }

  #answer(subjects: readonly Subject[]): LookUp {
    const entries = subjects.map((subject) => this.#entries.get(subjectKey(subject)) ?? null);
    return { generation: this.#generation, entries };
  }

  #cleanAnswer(length: number): Promise<LookUp> {
    const known = this.#clean[length];
    if (known !== undefined) return known;
    const answer: LookUp = { generation: this.#generation, entries: Object.freeze(new Array<null>(length).fill(null)) };
    const promised = Promise.resolve(Object.freeze(answer));
    this.#clean[length] = promised;
    return promised;
  }

  #forgetExpired(now: number): void {
    for (let fact = this.#facts.takeExpired(now); fact !== null; fact = this.#facts.takeExpired(now)) {
      const held = this.#entries.get(fact.key);
      if (held === undefined) continue;
      const left = without(held, fact.revocation);
      if (left.watermark === 0 && left.deadSessions.size === 0) this.#entries.delete(fact.key);
      else this.#entries.set(fact.key, left);
    }
  }

  #numberOf(position: string | null): number {
    const prefix = `${this.#life}-`;
    return position?.startsWith(prefix) ? Number(position.slice(prefix.length)) : 0;
  }

  #item({ number, revocation }: KeptFact) {
    return { position: `${this.#life}-${number}`, revocation };
  }

  #wakeFeeds(): void {
    for (const wake of this.#sleepers) wake();
  }

  /** Resolves at the next change, after a pause, or when the reader lets go. */
  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, feedPauseMs);
      signal.addEventListener('abort', wake);
      this.#sleepers.add(wake);
      if (signal.aborted) wake();
    });
  }

  #refuseClosed(): void {
    if (this.#closed) throw closed();
  }
}

/** What is left of an entry when one fact is forgotten; a watermark that has risen since stays. */
function without(held: RevocationEntry, revocation: Revocation): RevocationEntry {
  if ('sid' in revocation) {
    const deadSessions = new Set(held.deadSessions);
    deadSessions.delete(revocation.sid);
    return { ...held, deadSessions };
  }
  if (held.watermark !== revocation.watermark || held.at !== revocation.at) return held;
  return { ...held, watermark: 0, at: 0 };
}

function closed(): RevocationsUnavailable {
  return new RevocationsUnavailable('the revocation set is closed');
}
