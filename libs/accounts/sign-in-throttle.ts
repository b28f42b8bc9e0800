import { createHash } from 'node:crypto';
import { type Collection, type CollectionSpec, type Documents, DuplicateKey } from '#libs/documents';
import { addressNetwork } from './address-network.js';
import { type ThrottleRule, waitMs } from './throttle-rule.js';

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

/** Failures against one account or from one address, which are there as hashes only. */
interface FailuresDocument {
  readonly _id: string;
  readonly failures: number;
  readonly lastFailedAt: number;
  readonly forgetAt: number;
}

const failuresSpec: CollectionSpec<FailuresDocument> = {
  name: 'sign_in_failures',
  indexes: [{ keys: { forgetAt: 1 } }],
};

const accountRule: ThrottleRule = {
  freeFailures: 5,
  firstWaitMs: 1_000,
  longestWaitMs: 60_000,
  forgetAfterMs: 86_400_000,
};
const addressRule: ThrottleRule = { ...accountRule, freeFailures: 20, forgetAfterMs: 3_600_000 };

/**
 * Slows down guessing at passwords, for each account and for each address (collection `sign_in_failures`). It counts for
 * accounts that do not exist too, so that it tells nothing. Ask {@link check} before the password is looked at, then say
 * {@link failed} or {@link succeeded}. Every method rejects with `StoreUnavailable` when the store is away.
 */
export class SignInThrottle {
  readonly #collection: Collection<FailuresDocument>;
  readonly #now: () => number;
  readonly #account: ThrottleRule;
  readonly #address: ThrottleRule;

  private constructor(collection: Collection<FailuresDocument>, settings: SignInThrottleSettings) {
    this.#collection = collection;
    this.#now = settings.now;
    this.#account = settings.account ?? accountRule;
    this.#address = settings.address ?? addressRule;
  }

  static async open(documents: Documents, settings: SignInThrottleSettings): Promise<SignInThrottle> {
    return new SignInThrottle(await documents.collection(failuresSpec), settings);
  }

  /** Null: go on. One read, unless the account's free failures are used up: then each wait lets one attempt through. */
  async check(attempt: SignInAttempt): Promise<{ readonly retryAfterMs: number } | null> {
    const ids = { account: accountId(attempt), address: addressId(attempt) };
    const found = await this.#collection.find({ _id: { $in: [ids.account, ids.address] } }, { limit: 2 });
    const account = found.find((one) => one._id === ids.account);
    const address = found.find((one) => one._id === ids.address);
    const retryAfterMs = Math.max(this.#left(this.#account, account), this.#left(this.#address, address));
    if (retryAfterMs > 0) return { retryAfterMs };
    if (account === undefined || this.#isForgotten(account)) return null;
    const nextWaitMs = waitMs(this.#account, account.failures);
    if (nextWaitMs === 0 || (await this.#takeTurn(account))) return null;
    return { retryAfterMs: nextWaitMs };
  }

  /** The password was wrong, or there is no such user. */
  async failed(attempt: SignInAttempt): Promise<void> {
    await Promise.all([this.#count(accountId(attempt), this.#account), this.#count(addressId(attempt), this.#address)]);
  }

  /** Clears the account's failures. The address keeps its own, or its owner's password would buy more guesses at others'. */
  async succeeded(attempt: SignInAttempt): Promise<void> {
    await this.#collection.deleteOne({ _id: accountId(attempt) });
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

  #left(rule: ThrottleRule, entry: FailuresDocument | undefined): number {
    if (entry === undefined || this.#isForgotten(entry)) return 0;
    return entry.lastFailedAt + waitMs(rule, entry.failures) - this.#now();
  }

  #isForgotten(entry: FailuresDocument): boolean {
    return entry.forgetAt <= this.#now();
  }

  /** Of attempts that come at once when a wait is over, one goes on; the wait begins again for the others. */
  async #takeTurn({ _id, failures, lastFailedAt }: FailuresDocument): Promise<boolean> {
    const { matched } = await this.#collection.updateOne(
      { _id, failures, lastFailedAt },
      { $set: { lastFailedAt: this.#now() } },
    );
    return matched;
  }

  async #count(id: string, rule: ThrottleRule): Promise<void> {
    const now = this.#now();
    await this.#collection.deleteOne({ _id: id, forgetAt: { $lte: now } });
    const update = { $inc: { failures: 1 }, $max: { lastFailedAt: now, forgetAt: now + rule.forgetAfterMs } };
    try {
      await this.#collection.updateOne({ _id: id }, update, { upsert: true });
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      await this.#collection.updateOne({ _id: id }, update, { upsert: true }); // It is there now.
    }
  }
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
