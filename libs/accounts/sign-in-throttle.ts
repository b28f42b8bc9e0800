import { createHash } from 'node:crypto';
import type { Collection, Documents } from '#libs/documents';
import { addressNetwork } from './address-network.js';
import { type Entered, Failures, type FailuresDocument, failuresSpec, type Slowed } from './failures.js';
import { KeyedTurns } from './keyed-turns.js';
import type { ThrottleRule } from './throttle-rule.js';

/** One try to sign in, whether or not there is such a user. */
export interface SignInAttempt {
  readonly app: string;
  readonly email: string;
  /** The client's IP address. */
  readonly address: string;
}

export interface SignInThrottleSettings {
  readonly now: () => number;
  /** 5 free failures, then 1 s doubling to 60 s, forgotten after a day, when not given. */
  readonly account?: ThrottleRule;
  /** 20 free failures, then 1 s doubling to 60 s, forgotten after an hour, when not given. */
  readonly address?: ThrottleRule;
}

const accountRule: ThrottleRule = {
  freeFailures: 5,
  firstWaitMs: 1_000,
  longestWaitMs: 60_000,
  forgetAfterMs: 86_400_000,
};
const addressRule: ThrottleRule = { ...accountRule, freeFailures: 20, forgetAfterMs: 3_600_000 };

/** What became of an attempt: it must wait, or was checked; `found` is null when the check failed. */
export type Guarded<T> = Slowed | { readonly outcome: 'checked'; readonly found: T | null };

/**
 * Of one account one attempt is checked at a time in a process, of one address a few: more than hash passwords at once.
 * The others wait for their turn, so that a burst of guesses costs no more hashing than it may learn from.
 */
const ADDRESS_AT_ONCE = 4;
const MOST_WAITING = 200;
const OVERRUN_MS = 1_000;

/**
 * Slows down guessing at passwords, for each account and each address (collection `sign_in_failures`), over all
 * processes. It counts for accounts that do not exist too, so that it tells nothing. Every method rejects with
 * `StoreUnavailable` when the store is away.
 */
export class SignInThrottle {
  readonly #collection: Collection<FailuresDocument>;
  readonly #now: () => number;
  readonly #accounts: Failures;
  readonly #addresses: Failures;
  readonly #accountTurns = new KeyedTurns(1, MOST_WAITING);
  readonly #addressTurns = new KeyedTurns(ADDRESS_AT_ONCE, MOST_WAITING);

  private constructor(collection: Collection<FailuresDocument>, settings: SignInThrottleSettings) {
    this.#collection = collection;
    this.#now = settings.now;
    this.#accounts = new Failures(collection, settings.account ?? accountRule, settings.now);
    this.#addresses = new Failures(collection, settings.address ?? addressRule, settings.now);
  }

  static async open(documents: Documents, settings: SignInThrottleSettings): Promise<SignInThrottle> {
    return new SignInThrottle(await documents.collection(failuresSpec), settings);
  }

  /**
   * Runs `check`, which gives null for a wrong password or an unknown user, unless the attempt must wait; nobody may be
   * told what it found but by the result. When it finds somebody, the account's failures are cleared; the address keeps
   * its own, or its owner's password would buy more guesses at others'. When it throws, nothing is counted.
   */
  async guard<T>(attempt: SignInAttempt, check: () => Promise<T | null>): Promise<Guarded<T>> {
    const ids = { account: accountId(attempt), address: addressId(attempt) };
    const overrun: Slowed = { outcome: 'slowed', retryAfterMs: OVERRUN_MS };
    const inTurn = async () => (await this.#addressTurns.take(ids.address, () => this.#attempt(ids, check))) ?? overrun;
    return (await this.#accountTurns.take(ids.account, inTurn)) ?? overrun;
  }

  /** Deletes what is forgotten, `batch` at a time, and says how much there was. */
  async sweep(batch = 500): Promise<number> {
    const old = { forgetAt: { $lte: this.#now() } };
    for (let swept = 0; ; ) {
      const found = await this.#collection.find(old, { sort: { forgetAt: 1 }, limit: batch });
      // The time is asked again: a failure may have come in between.
      if (found.length > 0)
        swept += await this.#collection.deleteMany({ _id: { $in: found.map((one) => one._id) }, ...old });
      if (found.length < batch) return swept;
    }
  }

  async #attempt<T>(ids: Ids, check: () => Promise<T | null>): Promise<Guarded<T>> {
    const before = await this.#read(ids);
    const retryAfterMs = Math.max(this.#accounts.left(before.account), this.#addresses.left(before.address));
    // Whoever must wait costs one read.
    if (retryAfterMs > 0) return { outcome: 'slowed', retryAfterMs };
    const account = await this.#accounts.enter(ids.account, before.account);
    if (account.outcome === 'slowed') return account;
    const address = await this.#addresses.enter(ids.address, before.address);
    if (address.outcome === 'slowed') {
      await this.#accounts.giveBack(account);
      return address;
    }
    const found = await this.#checked(check, account, address);
    const slowed = await (found === null ? this.#failed(account, address) : this.#succeeded(ids, account, address));
    return slowed ?? { outcome: 'checked', found };
  }

  async #checked<T>(check: () => Promise<T>, account: Entered, address: Entered): Promise<T> {
    try {
      return await check();
    } catch (error) {
      await Promise.all([this.#accounts.giveBack(account), this.#addresses.giveBack(address)]);
      throw error;
    }
  }

  async #failed(account: Entered, address: Entered): Promise<Slowed | null> {
    const slowed = await Promise.all([this.#accounts.failed(account), this.#addresses.failed(address)]);
    return slowed[0] ?? slowed[1];
  }

  /** The failures are read again: others may have used them up while this one was checked. */
  async #succeeded(ids: Ids, account: Entered, address: Entered): Promise<Slowed | null> {
    const after = await this.#read(ids);
    const slowed =
      this.#accounts.overdrawn(account, after.account) ?? this.#addresses.overdrawn(address, after.address);
    await this.#addresses.giveBack(address);
    if (slowed !== null) return slowed;
    if (after.account !== undefined) await this.#collection.deleteOne({ _id: ids.account });
    return null;
  }

  async #read(ids: Ids): Promise<{ readonly [K in keyof Ids]: FailuresDocument | undefined }> {
    const found = await this.#collection.find({ _id: { $in: [ids.account, ids.address] } }, { limit: 2 });
    return {
      account: found.find((one) => one._id === ids.account),
      address: found.find((one) => one._id === ids.address),
    };
  }
}

interface Ids {
  readonly account: string;
  readonly address: string;
}

function accountId({ app, email }: SignInAttempt): string {
  return `account:${sha256(JSON.stringify([app, email]))}`;
}

function addressId({ address }: SignInAttempt): string {
  return `address:${sha256(addressNetwork(address))}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
