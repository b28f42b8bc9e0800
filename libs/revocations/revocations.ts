/** A user of an app, or the app itself (everyone at once), as a key of the set. */
export interface Subject {
  readonly app: string;
  /** Null: the app itself. */
  readonly userId: string | null;
}

/** One fact for the set: a watermark that rises, or one session that dies. */
export type Revocation =
  | { readonly subject: Subject; readonly watermark: number /** ms since the epoch */; readonly at: number }
  | { readonly subject: Subject; readonly sid: string /** ms since the epoch */; readonly at: number };

/** What the set holds against one subject. */
export interface RevocationEntry {
  /** 0 when only sessions are dead. */
  readonly watermark: number;
  /** When the watermark was raised, in ms since the epoch; 0 when there is none. */
  readonly at: number;
  readonly deadSessions: ReadonlySet<string>;
}

/** An answer of the set, read in one go. */
export interface LookUp {
  /**
   * The generation of the set that answered, or null when the set may be missing a revocation (empty, rolled back, being
   * rebuilt): then no verdict may be given from it.
   */
  readonly generation: string | null;
  /** In the order asked; null where nothing is held against the subject. */
  readonly entries: readonly (RevocationEntry | null)[];
}

/** What the set says of itself. */
export interface SetStatus {
  /** Null when the set is not whole. */
  readonly generation: string | null;
  /** Up to where the set repeats the log, for each partition; empty when it is not whole. */
  readonly positions: ReadonlyMap<number, number>;
}

/** A fact as the feed carries it. */
export interface FeedItem {
  /** Grows; where to go on from. */
  readonly position: string;
  readonly revocation: Revocation;
}

/** What a reader of the feed is given. */
export interface FeedBatch {
  /** The generation for which the items hold, or null when the set is not whole. */
  readonly generation: string | null;
  /** May be empty: then it says that nothing is newer than `at`. */
  readonly items: readonly FeedItem[];
  /** When the server was asked, in ms of this process' clock: the batch is as fresh as this. */
  readonly at: number;
}

/**
 * The revocation set: for each subject a register that only grows, so that two writers cannot disagree and a repeated
 * write changes nothing. An entry is kept for the life of a token (given to the adapter) and then forgotten.
 * Every method rejects with {@link RevocationsUnavailable} when the set cannot be asked.
 */
export interface Revocations {
  /** Max-write. When it resolves, every look-up that begins afterwards sees the facts. */
  raise(revocations: readonly Revocation[]): Promise<void>;
  lookUp(subjects: readonly Subject[]): Promise<LookUp>;
  status(): Promise<SetStatus>;
  /**
   * Says that the set is whole: everything up to `positions` of the last token life has been raised. Starts a new
   * generation, which it returns.
   */
  declareWhole(positions: ReadonlyMap<number, number>): Promise<string>;
  /** Says how far the set has followed. False when the set is no longer of that generation: it must be rebuilt. */
  advance(generation: string, positions: ReadonlyMap<number, number>): Promise<boolean>;
  /**
   * Every fact of the last token life in order, then each new one as it is raised; `after` null starts at the beginning.
   * Yields at least every second while the set answers; ends when `signal` aborts.
   */
  feed(after: string | null, signal: AbortSignal): AsyncIterable<FeedBatch>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The set cannot be asked or cannot take a write. */
export class RevocationsUnavailable extends Error {
  readonly code = 'revocations-unavailable';
}
