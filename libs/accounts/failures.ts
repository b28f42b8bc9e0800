import { type Collection, type CollectionSpec, DuplicateKey } from '#libs/documents';
import { type ThrottleRule, waitMs } from './throttle-rule.js';

/** Failures against one account or from one address, which are there as hashes only. */
export interface FailuresDocument {
  readonly _id: string;
  readonly failures: number;
  /** When the last one was, or when the attempt began that the last wait let through. */
  readonly lastFailedAt: number;
  readonly forgetAt: number;
}

export const failuresSpec: CollectionSpec<FailuresDocument> = {
  name: 'sign_in_failures',
  indexes: [{ keys: { forgetAt: 1 } }],
};

/** An attempt that may be checked. */
export interface Entered {
  readonly outcome: 'entered';
  readonly id: string;
  /** The wait that let it through, alone, with what was there before; null for a free attempt. */
  readonly turn: { readonly before: FailuresDocument; readonly at: number } | null;
}

export interface Slowed {
  readonly outcome: 'slowed';
  readonly retryAfterMs: number;
}

/**
 * Counts failures by one rule, over all processes. Nothing is counted before an attempt was checked, so that one which a
 * crash cuts off costs nobody anything. Instead, of however many are checked at once no more are answered than the rule
 * lets: what {@link failed} and {@link overdrawn} slow down must be answered with that alone.
 */
export class Failures {
  readonly #collection: Collection<FailuresDocument>;
  readonly #rule: ThrottleRule;
  readonly #now: () => number;

  constructor(collection: Collection<FailuresDocument>, rule: ThrottleRule, now: () => number) {
    this.#collection = collection;
    this.#rule = rule;
    this.#now = now;
  }

  /** How long to wait yet (ms), by what was read; 0 or less when an attempt may be checked. */
  left(entry: FailuresDocument | undefined): number {
    return entry === undefined || this.#isFree(entry) ? 0 : this.#waitOf(entry) + entry.lastFailedAt - this.#now();
  }

  /** Lets an attempt be checked whose wait is over. Of those that come at once one goes on, and the others wait anew. */
  async enter(id: string, entry: FailuresDocument | undefined): Promise<Entered | Slowed> {
    if (entry === undefined || this.#isFree(entry)) return { outcome: 'entered', id, turn: null };
    const at = this.#now();
    const { failures, lastFailedAt } = entry;
    const taken = await this.#collection.updateOne({ _id: id, failures, lastFailedAt }, { $set: { lastFailedAt: at } });
    return taken.matched
      ? { outcome: 'entered', id, turn: { before: entry, at } }
      : { outcome: 'slowed', retryAfterMs: this.#waitOf(entry) };
  }

  /** The attempt failed: counts it. Null: that may be answered. */
  async failed({ id, turn }: Entered): Promise<Slowed | null> {
    if (turn !== null) {
      await this.#countAfterTurn(id);
      return null;
    }
    for (;;) {
      if (await this.#countFree(id)) return null;
      const entry = await this.#collection.findOne({ _id: id });
      if (entry !== null && !this.#isFree(entry)) return this.#slowed(entry);
      await this.#collection.deleteOne({ _id: id, forgetAt: { $lte: this.#now() } });
    }
  }

  /** The attempt did not fail. Null: that may be answered, by what was read after it was checked. */
  overdrawn({ turn }: Entered, entry: FailuresDocument | undefined): Slowed | null {
    return turn !== null || entry === undefined || this.#isFree(entry) ? null : this.#slowed(entry);
  }

  /** The attempt did not fail, or was not checked: its turn is as if it had not been taken. */
  async giveBack({ id, turn }: Entered): Promise<void> {
    if (turn === null) return;
    const { failures, lastFailedAt } = turn.before;
    await this.#collection.updateOne({ _id: id, failures, lastFailedAt: turn.at }, { $set: { lastFailedAt } });
  }

  /** Whether a failure more costs nothing, or all are forgotten. */
  #isFree(entry: FailuresDocument): boolean {
    return entry.forgetAt <= this.#now() || this.#waitOf(entry) === 0;
  }

  #waitOf({ failures }: FailuresDocument): number {
    return waitMs(this.#rule, failures);
  }

  #slowed(entry: FailuresDocument): Slowed {
    return { outcome: 'slowed', retryAfterMs: Math.max(1, this.left(entry)) };
  }

  /** False when the free failures are used up or forgotten, or when somebody was faster to begin the count. */
  async #countFree(id: string): Promise<boolean> {
    const free = { _id: id, failures: { $lt: this.#rule.freeFailures }, forgetAt: { $gt: this.#now() } };
    try {
      await this.#collection.updateOne(free, this.#one(), { upsert: true });
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }

  /** Only the attempt whose turn it was counts now; that the count was cleared meanwhile is no harm. */
  async #countAfterTurn(id: string): Promise<void> {
    await this.#collection.updateOne({ _id: id }, this.#one());
  }

  #one() {
    const now = this.#now();
    return { $inc: { failures: 1 }, $max: { lastFailedAt: now, forgetAt: now + this.#rule.forgetAfterMs } };
  }
}
