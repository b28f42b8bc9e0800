/** What is published: JSON as it is stored. Whoever reads it checks its shape; the log does not. */
export type LogValue = Readonly<Record<string, unknown>>;

/** One event on its way to the log. */
export interface LogRecord {
  /** Unique id of the record (the event store's `_id`); publishing the same id twice may put it on the log twice. */
  readonly id: string;
  /** Records with one key stay in the order in which they were published. */
  readonly key: string;
  readonly value: LogValue;
}

/** One event as read from the log. */
export interface LogEntry {
  readonly partition: number;
  /** Grows within a partition. Its successor is the position to go on from. */
  readonly offset: number;
  readonly key: string;
  /** `undefined` when the bytes on the log are not JSON: a poison entry, which is for the reader to handle. */
  readonly value: LogValue | undefined;
}

/** Where to read next, for each partition; a missing partition is read from its beginning. */
export type Positions = ReadonlyMap<number, number>;

export interface LogBatch {
  readonly partition: number;
  /** At least one, in order of offset, without gaps that hold entries. */
  readonly entries: readonly LogEntry[];
  /** The position after this batch. */
  readonly next: number;
  /** The position after the newest entry of the partition, as known when the batch was read: next of it is no lag. */
  readonly end: number;
}

/** Someone who reads the log. Its position is its own to keep, beside the data that the position describes. */
export interface LogReader {
  /** Readers of one group share the partitions between their processes; each group sees every entry. */
  readonly group: string;
  /** Asked each time a partition falls to this process: where to start. `null` is the beginning. */
  startAt(partition: number): Promise<number | null>;
  /**
   * Handles one batch; calls for one partition do not overlap. When it rejects, the batch is delivered again after a
   * pause, for ever, until it resolves or the reading is stopped: an entry is never skipped by the log.
   */
  handle(batch: LogBatch): Promise<void>;
  /** Told of each rejection of `handle` and `startAt`, and of the log being out of reach. */
  onTrouble(error: unknown): void;
}

/** A running reader. */
export interface Reading {
  /** Resolves when every partition that this process has was read to where it ended at the time of the call. */
  caughtUp(): Promise<void>;
  /** Drops what is being read and starts again from `startAt`, for every partition that this process has. */
  restart(): Promise<void>;
  /** Resolves when no call of `handle` is under way and none will follow. */
  stop(): Promise<void>;
}

/** The log of all events: ordered for a key, at least once, kept for ever. */
export interface EventLog {
  /** Resolves when every record is durably on the log. Rejects with {@link LogUnavailable}; some may then be on it. */
  publish(records: readonly LogRecord[]): Promise<void>;
  read(reader: LogReader): Promise<Reading>;
  /** The position after the newest entry, for each partition. */
  ends(): Promise<Positions>;
  /**
   * Positions from which every entry whose event time (`value.time`, ms) is `time` or later will be read. Earlier ones
   * may be read too.
   */
  positionsAt(time: number): Promise<Positions>;
  /** Resolves when the log answers; rejects with {@link LogUnavailable} otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The log cannot be asked or cannot take a write. */
export class LogUnavailable extends Error {
  readonly code = 'log-unavailable';
}
