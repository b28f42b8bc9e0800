import { createHash, randomUUID } from 'node:crypto';
import { type Collection, type CollectionSpec, type Document, type Documents, DuplicateKey } from '#libs/documents';
import { Fingerprints, type Question } from './fingerprints.js';

/** An answer as it was given. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

interface CommandResult extends Document {
  /** What was asked under this key; another question under the same key is a mistake of the caller. */
  readonly fingerprint: string;
  readonly commandId: string;
  /** When the first attempt began (ms): how far back a resumed one looks for its event. */
  readonly firstAt: number;
  /** Who is at it, and since when; an attempt that was cut off leaves these behind. */
  readonly holder: string;
  readonly heldAt: number;
  readonly expiresAt: number;
  readonly answer?: KeptAnswer;
}

export const commandResultsCollection: CollectionSpec<CommandResult> = {
  name: 'command_results',
  indexes: [{ keys: { expiresAt: 1 } }],
};

/** What the command must know of earlier attempts under its key. */
export interface Resumption {
  readonly commandId: string;
  /** When the first attempt began (ms), if there was one that was cut off; null for a first attempt. */
  readonly resumedSince: number | null;
  /** Since when (ms) this attempt holds the key: another one can take it over when it takes too long. */
  readonly heldSince: number;
}

/** What an `Idempotency-Key` comes to. */
export type Claim =
  | { readonly outcome: 'mine'; readonly id: string; readonly resumption: Resumption }
  | { readonly outcome: 'answered'; readonly answer: KeptAnswer }
  | { readonly outcome: 'in-progress' }
  | { readonly outcome: 'other-question' };

const holdMs = 30_000;
const clockMarginMs = 10_000;

/** Remembers the answer to each `Idempotency-Key`, so that a repeated command gets the first answer again. */
export class CommandResults {
  /** This process: an attempt of another one that is gone can be told from one that is under way. */
  private readonly holder = randomUUID();

  private constructor(
    private readonly results: Collection<CommandResult>,
    private readonly fingerprints: Fingerprints,
    private readonly options: { readonly now: () => number; readonly keepMs: number; readonly soleProcess: boolean },
  ) {}

  /** `soleProcess`: no other process uses this store, so whatever another one was at has been cut off. */
  static async open(
    documents: Documents,
    options: { readonly now: () => number; readonly keepMs: number; readonly soleProcess: boolean },
  ): Promise<CommandResults> {
    const fingerprints = await Fingerprints.open(documents);
    return new CommandResults(await documents.collection(commandResultsCollection), fingerprints, options);
  }

  /** `caller` is who sent the key: keys of two callers never meet. `question` is the whole request. */
  async claim(caller: string, key: string, question: Question): Promise<Claim> {
    const fingerprint = await this.fingerprints.of(question);
    const now = this.options.now();
    const id = hash(`${caller}\n${key}`);
    const commandId = randomUUID();
    const hold = { holder: this.holder, heldAt: now };
    try {
      await this.results.insertOne({
        _id: id,
        fingerprint,
        commandId,
        firstAt: now,
        ...hold,
        expiresAt: now + this.options.keepMs,
      });
      return { outcome: 'mine', id, resumption: { commandId, resumedSince: null, heldSince: now } };
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
    const earlier = await this.results.findOne({ _id: id });
    if (earlier === null || earlier.expiresAt <= now) {
      await this.results.deleteOne({ _id: id, expiresAt: { $lte: now } });
      return await this.claim(caller, key, question);
    }
    if (earlier.fingerprint !== fingerprint) return { outcome: 'other-question' };
    if (earlier.answer) return { outcome: 'answered', answer: earlier.answer };
    const cutOff = earlier.heldAt <= now - holdMs || (this.options.soleProcess && earlier.holder !== this.holder);
    if (!cutOff) return { outcome: 'in-progress' };
    const taken = await this.results.updateOne(
      { _id: id, holder: earlier.holder, heldAt: earlier.heldAt },
      { $set: hold },
    );
    if (!taken.matched) return { outcome: 'in-progress' };
    return {
      outcome: 'mine',
      id,
      resumption: { commandId: earlier.commandId, resumedSince: earlier.firstAt - clockMarginMs, heldSince: now },
    };
  }

  async keep(id: string, answer: KeptAnswer): Promise<void> {
    await this.results.updateOne({ _id: id, holder: this.holder }, { $set: { answer } });
  }

  /** The attempt ended without an answer worth keeping: the next one takes over at once. */
  async release(id: string): Promise<void> {
    await this.results.updateOne({ _id: id, holder: this.holder }, { $set: { heldAt: 0 } });
  }

  async sweep(): Promise<number> {
    return await this.results.deleteMany({ expiresAt: { $lte: this.options.now() } });
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
