import type { Collection, Documents } from '#libs/documents';
import { type Account, type AccountDocument, accountOf, accountsSpec, foldEmail } from './account.js';
import { Candidates } from './candidates.js';
import { HasherBusy } from './errors.js';
import type { PasswordHasher } from './password-hasher.js';
import { type ClaimedEmail, type EmailClaim, Registrations, type UserStreams } from './registrations.js';
import type { Sessions } from './sessions.js';

export interface AccountsSettings {
  readonly hasher: Pick<PasswordHasher, 'hash' | 'verify' | 'verifyNobody' | 'isOutdated'>;
  readonly sessions: Sessions;
  readonly streams: UserStreams;
  readonly now: () => number;
  readonly newId: () => string;
}

export interface AccountPage {
  readonly accounts: readonly Account[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/** Sorts after whatever may follow a prefix. */
const AFTER_ALL = '\u{10FFFF}';

/**
 * Addresses and passwords, in the collection `accounts`. How a user is registered is at {@link Registrations}. Every
 * method rejects with `StoreUnavailable` when the store is away.
 */
export class Accounts {
  readonly #accounts: Collection<AccountDocument>;
  readonly #candidates: Candidates;
  readonly #registrations: Registrations;
  readonly #settings: AccountsSettings;

  private constructor(accounts: Collection<AccountDocument>, candidates: Candidates, settings: AccountsSettings) {
    this.#accounts = accounts;
    this.#candidates = candidates;
    this.#settings = settings;
    this.#registrations = new Registrations({
      ...settings,
      accounts,
      candidates,
      erase: (userId) => this.erase(userId),
    });
  }

  static async open(documents: Documents, settings: AccountsSettings): Promise<Accounts> {
    return new Accounts(await documents.collection(accountsSpec), await Candidates.open(documents), settings);
  }

  /**
   * Claims an address for a user about to be registered. Rejects with `EmailTaken` when a living user has it,
   * `AttemptReused`, `EmailContended` or `HasherBusy`. After a lost append, claim again.
   */
  claimEmail(claim: EmailClaim): Promise<ClaimedEmail> {
    return this.#registrations.claim(claim);
  }

  /**
   * Gives the user the password of the attempt that registered it. To be called by that attempt only, after its append;
   * may be repeated. False when the account is gone, or the attempt never claimed it.
   */
  settle(userId: string, attempt: string): Promise<boolean> {
    return this.#registrations.settle(userId, attempt);
  }

  /**
   * Finishes or forgets what attempts at registering of more than a day ago left behind, `batch` at most of each kind,
   * and says how many it dealt with.
   */
  sweepAbandoned(batch = 500): Promise<number> {
    return this.#registrations.sweep(batch);
  }

  /** The account, when the password is right; null for a wrong one and for an unknown user, after the same time. Rejects with `HasherBusy`. */
  async checkPassword(credentials: {
    readonly app: string;
    readonly email: string;
    readonly password: string;
  }): Promise<Account | null> {
    const { hasher } = this.#settings;
    const account = await this.#settledByEmail(credentials.app, credentials.email);
    if (account?.passwordHash === undefined) {
      await hasher.verifyNobody(credentials.password);
      return null;
    }
    if (!(await hasher.verify(account.passwordHash, credentials.password))) return null;
    if (hasher.isOutdated(account.passwordHash)) await this.#rehash(account, credentials.password);
    return accountOf(account);
  }

  /** Remembers that the user signed in just now. */
  async signedIn(userId: string): Promise<void> {
    await this.#accounts.updateOne({ _id: userId }, { $max: { lastSignInAt: this.#settings.now() } });
  }

  async find(userId: string): Promise<Account | null> {
    const found = await this.#accounts.findOne({ _id: userId });
    return found === null ? null : accountOf(found);
  }

  /** Found by the address as it was given, case and all. It may be of a user who is not registered yet. */
  async findByEmail(app: string, email: string): Promise<Account | null> {
    const found = await this.#byEmail(app, email);
    return found === null ? null : accountOf(found);
  }

  /** In no order; who has no account is missing. */
  async findByIds(userIds: readonly string[]): Promise<Account[]> {
    if (userIds.length === 0) return [];
    return (await this.#accounts.find({ _id: { $in: userIds } }, { limit: userIds.length })).map(accountOf);
  }

  /**
   * The accounts whose address begins with the prefix, whatever its case, in order of address. `after` is the `next` of
   * the page before, null for the first. Some may be of users who are not registered yet.
   */
  async searchByEmailPrefix(app: string, prefix: string, after: string | null, limit: number): Promise<AccountPage> {
    const folded = foldEmail(prefix);
    const range = { $gte: folded, $lt: folded + AFTER_ALL, ...(after === null ? {} : { $gt: fromCursor(after) }) };
    const found = await this.#accounts.find({ app, searchKey: range }, { sort: { app: 1, searchKey: 1 }, limit });
    const last = found.at(-1);
    return {
      accounts: found.map(accountOf),
      next: last === undefined || found.length < limit ? null : toCursor(last.searchKey),
    };
  }

  /** Erases what is private of a deleted user: sessions, candidates and, last, the account. May be repeated. */
  async erase(userId: string): Promise<void> {
    await this.#settings.sessions.eraseOf(userId);
    await this.#candidates.dropAllOf(userId);
    await this.#accounts.deleteOne({ _id: userId });
  }

  async #byEmail(app: string, email: string): Promise<AccountDocument | null> {
    return this.#accounts.findOne({ app, email });
  }

  /** Null too for an account whose user is not registered. */
  async #settledByEmail(app: string, email: string): Promise<AccountDocument | null> {
    const found = await this.#byEmail(app, email);
    if (found === null || found.passwordHash !== undefined) return found;
    return (await this.#registrations.settleFromStream(found._id)) ? this.#byEmail(app, email) : null;
  }

  async #rehash(account: AccountDocument, password: string): Promise<void> {
    const { _id, passwordHash } = account;
    if (passwordHash === undefined) return;
    try {
      const renewed = await this.#settings.hasher.hash(password);
      await this.#accounts.updateOne({ _id, passwordHash }, { $set: { passwordHash: renewed } });
    } catch (error) {
      if (!(error instanceof HasherBusy)) throw error; // The next sign-in will do.
    }
  }
}

/** The place in the order of addresses, in a form that is not read as an address in passing. */
function toCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function fromCursor(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString();
}
