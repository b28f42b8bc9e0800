import { type Collection, DuplicateKey } from '#libs/documents';
import { type AccountDocument, searchKey } from './account.js';
import type { Candidates } from './candidates.js';
import { AttemptReused, EmailContended, EmailTaken } from './errors.js';
import type { PasswordHasher } from './password-hasher.js';

/** Whether a user's stream has begun, and ended. */
export type UserStanding = 'absent' | 'living' | 'deleted';

/** What must be known of users' streams. */
export interface UserStreams {
  standing(userId: string): Promise<UserStanding>;
  /** The command id of the stream's first event, null when there is none: the attempt that made the user. */
  firstCommandId(userId: string): Promise<string | null>;
}

export interface EmailClaim {
  readonly app: string;
  readonly email: string;
  readonly password: string;
  /** The id of the command that is to register the user: one for each attempt. */
  readonly attempt: string;
  /** Never used before. */
  readonly newUserId: string;
}

export interface ClaimedEmail {
  /** Whom to register: `newUserId`, or the user whom an earlier attempt left unfinished. */
  readonly userId: string;
  readonly outcome: 'claimed' | 'resumed';
}

export interface RegistrationsParts {
  readonly accounts: Collection<AccountDocument>;
  readonly candidates: Candidates;
  readonly hasher: Pick<PasswordHasher, 'hash' | 'verify'>;
  readonly streams: UserStreams;
  readonly now: () => number;
  readonly newId: () => string;
  /** Erases what is private of a deleted user. */
  readonly erase: (userId: string) => Promise<void>;
}

/** An attempt at registering ends within this time, or is given up. */
const ATTEMPT_MS = 86_400_000;
const MOST_ROUNDS = 10;

/**
 * Registering is: claim the address, append the user's first event with the claim's `attempt` as its command id, settle.
 * The unique address decides who the user is, the append which of several attempts made it, and settling gives the user
 * that attempt's password. Whatever a crash leaves undone in between is done by the next attempt, the first sign-in or
 * the sweep (docs/architecture.md, section 5).
 */
export class Registrations {
  readonly #parts: RegistrationsParts;

  constructor(parts: RegistrationsParts) {
    this.#parts = parts;
  }

  /**
   * Claims an address. Rejects with {@link EmailTaken} when a living user has it, {@link AttemptReused},
   * {@link EmailContended} or `HasherBusy`.
   */
  async claim(claim: EmailClaim): Promise<ClaimedEmail> {
    let passwordHash: string | null = null;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const holder = await this.#parts.accounts.findOne({ app: claim.app, email: claim.email });
      if (holder !== null && !(await this.#isUnfinished(holder))) continue;
      passwordHash ??= await this.#parts.hasher.hash(claim.password);
      const held = holder === null ? await this.#insert(claim) : await this.#takeOver(holder._id);
      if (!held) continue; // Somebody was faster: look again.
      const userId = holder?._id ?? claim.newUserId;
      await this.#addCandidate(userId, claim, passwordHash);
      return { userId, outcome: holder === null ? 'claimed' : 'resumed' };
    }
    throw new EmailContended();
  }

  /**
   * Gives the user the password of the attempt that registered it. To be called by that attempt only, after its append;
   * may be repeated. False when the account is gone, or the attempt never claimed it.
   */
  async settle(userId: string, attempt: string): Promise<boolean> {
    const passwordHash = await this.#parts.candidates.passwordHashOf(userId, attempt);
    if (passwordHash !== null) {
      // Only where there is none: a repeated settling must not undo a later change of password.
      await this.#parts.accounts.updateOne(
        { _id: userId, passwordHash: null },
        { $set: { passwordHash }, $unset: { unsettledSince: true } },
      );
    }
    const settled = await this.#parts.accounts.findOne({ _id: userId, passwordHash: { $exists: true } });
    if (settled === null) return false;
    await this.#parts.candidates.dropAllOf(userId);
    return true;
  }

  /** Settles for the attempt that made the stream, when that attempt could not. */
  async settleFromStream(userId: string): Promise<boolean> {
    const attempt = await this.#parts.streams.firstCommandId(userId);
    return attempt !== null && this.settle(userId, attempt);
  }

  /**
   * Finishes or forgets what attempts of more than a day ago left behind: an account without a stream goes, with its
   * candidates. Works on `batch` of each at most, and says how many it dealt with.
   */
  async sweep(batch: number): Promise<number> {
    const before = this.#parts.now() - ATTEMPT_MS;
    const abandoned = await this.#parts.accounts.find(
      { unsettledSince: { $lt: before } },
      { sort: { unsettledSince: 1 }, limit: batch },
    );
    let dealtWith = 0;
    for (const { _id } of abandoned) if (await this.#finishOrForget(_id, before)) dealtWith += 1;
    for (const { id, userId } of await this.#parts.candidates.olderThan(before, batch)) {
      if (await this.#mayStillWin(userId)) continue;
      if (await this.#parts.candidates.drop(id)) dealtWith += 1;
    }
    return dealtWith;
  }

  /** True when the holder's registration is for this attempt to finish; false when the holder is gone now. */
  async #isUnfinished(holder: AccountDocument): Promise<boolean> {
    switch (await this.#parts.streams.standing(holder._id)) {
      case 'absent':
        return true;
      case 'living':
        if (holder.passwordHash === undefined) await this.settleFromStream(holder._id);
        throw new EmailTaken(holder._id);
      case 'deleted':
        await this.#parts.erase(holder._id);
        return false;
    }
  }

  async #insert({ app, email, newUserId }: EmailClaim): Promise<boolean> {
    const { now, newId } = this.#parts;
    const createdAt = now();
    try {
      await this.#parts.accounts.insertOne({
        _id: newUserId,
        app,
        email,
        searchKey: searchKey(email),
        identityId: newId(),
        createdAt,
        unsettledSince: createdAt,
      });
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }

  /** Starts the account's day anew, so that the sweep leaves it alone. False when it was settled or swept meanwhile. */
  async #takeOver(userId: string): Promise<boolean> {
    const { matched } = await this.#parts.accounts.updateOne(
      { _id: userId, passwordHash: null },
      { $set: { unsettledSince: this.#parts.now() } },
    );
    return matched;
  }

  async #addCandidate(userId: string, { attempt, password }: EmailClaim, passwordHash: string): Promise<void> {
    if (await this.#parts.candidates.add(userId, attempt, passwordHash, this.#parts.now())) return;
    // The attempt came twice. Its first password may have been settled by now, so a second one must not be promised.
    const first = await this.#parts.candidates.passwordHashOf(userId, attempt);
    if (first === null || !(await this.#parts.hasher.verify(first, password))) throw new AttemptReused();
  }

  async #finishOrForget(userId: string, before: number): Promise<boolean> {
    switch (await this.#parts.streams.standing(userId)) {
      case 'living':
        return this.settleFromStream(userId);
      case 'deleted':
        await this.#parts.erase(userId);
        return true;
      case 'absent': {
        // An attempt that took it over since has moved the time, and keeps it.
        const forgotten = await this.#parts.accounts.deleteOne({ _id: userId, unsettledSince: { $lt: before } });
        if (forgotten) await this.#parts.candidates.dropAllOf(userId);
        return forgotten;
      }
    }
  }

  /** Whether some old candidate may be the one that made the user, and is still to be settled. */
  async #mayStillWin(userId: string): Promise<boolean> {
    const unsettled = await this.#parts.accounts.findOne({ _id: userId, passwordHash: null });
    return unsettled !== null && (await this.#parts.streams.standing(userId)) === 'living';
  }
}
