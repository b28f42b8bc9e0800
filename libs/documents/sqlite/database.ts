import { DuplicateKey, StoreUnavailable } from '../errors.js';
import type { Connection } from './connection.js';
import { type Trouble, troubleOf } from './trouble.js';

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** The writes of one turn of the event loop, which share a transaction and therefore one sync of the disk. */
interface Batch {
  readonly settle: ((failure: StoreUnavailable | null) => void)[];
  readonly collections: Set<string>;
}

/**
 * The data file, open and locked, shared by the adapters that stand on it.
 *
 * Work is done when it is asked for, in program order, and each piece of it is atomic, because nothing else runs
 * meanwhile. What is written in one turn of the event loop is committed together at the end of the turn; a promise
 * settles only then, whether it wrote or read, so that nobody learns of a write that the disk may still refuse.
 */
export class SqliteDatabase {
  readonly #connection: Connection;
  readonly #listeners = new Map<string, Set<() => void>>();
  #batch: Batch | null = null;
  /** Why nothing more can be asked: closed, or found damaged. */
  #ended: string | null = null;
  #closed = false;

  constructor(
    readonly file: string,
    connection: Connection,
  ) {
    this.#connection = connection;
  }

  /** Reads. Rejects with {@link StoreUnavailable}. */
  read<T>(work: (connection: Connection) => T): Promise<T> {
    return this.#do(work);
  }

  /**
   * Writes to a collection. Resolves when it is on the disk; rejects with {@link DuplicateKey}, which undoes the failed
   * statement alone, or with {@link StoreUnavailable}.
   */
  write<T>(collection: string, work: (connection: Connection) => T): Promise<T> {
    return this.#do((connection) => {
      const batch = this.#openBatch(connection);
      batch.collections.add(collection);
      try {
        return work(connection);
      } catch (error) {
        if (troubleOf(error) === 'duplicate') throw new DuplicateKey(collection, { cause: error });
        throw error;
      }
    });
  }

  /** Calls `listener` after each commit that may have changed the collection. Returns a function that ends it. */
  onCommit(collection: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(collection) ?? new Set();
    this.#listeners.set(collection, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Commits what is under way and gives the lock back. Closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#commit();
    if (this.#ended === null) this.#connection.close();
    else this.#connection.abandon();
    this.#ended ??= `${this.file} is closed`;
  }

  #do<T>(work: (connection: Connection) => T): Promise<T> {
    if (this.#ended !== null) return Promise.reject(new StoreUnavailable(this.#ended));
    let outcome: Outcome<T>;
    try {
      outcome = { value: work(this.#connection) };
    } catch (error) {
      const trouble = error instanceof DuplicateKey ? null : troubleOf(error);
      if (trouble !== null) return Promise.reject(this.#fail(trouble, error));
      outcome = { error };
    }
    return this.#batch === null ? settled(outcome) : afterCommit(this.#batch, outcome);
  }

  #openBatch(connection: Connection): Batch {
    if (this.#batch !== null) return this.#batch;
    connection.script('BEGIN IMMEDIATE');
    this.#batch = { settle: [], collections: new Set() };
    setImmediate(() => this.#commit());
    return this.#batch;
  }

  #commit(): void {
    const batch = this.#batch;
    if (batch === null) return;
    try {
      this.#connection.script('COMMIT');
    } catch (error) {
      this.#fail(troubleOf(error) ?? 'unreachable', error);
      return;
    }
    this.#batch = null;
    for (const settle of batch.settle) settle(null);
    for (const collection of batch.collections) {
      for (const listener of this.#listeners.get(collection) ?? []) listener();
    }
  }

  /** Undoes the open batch, tells everyone in it, and gives the error to tell the caller. */
  #fail(trouble: Trouble, cause: unknown): StoreUnavailable {
    const failure = new StoreUnavailable(this.#explain(trouble), { cause });
    if (trouble === 'damaged') this.#ended = failure.message;
    const batch = this.#batch;
    this.#batch = null;
    try {
      this.#connection.rollBack();
    } catch (error) {
      if (troubleOf(error) === null) throw error;
    }
    for (const settle of batch?.settle ?? []) settle(failure);
    return failure;
  }

  #explain(trouble: Trouble): string {
    switch (trouble) {
      case 'full':
        return `the disk is full: ${this.file} takes no write until there is space`;
      case 'damaged':
        return `${this.file} is damaged and is left as it is: stop, and restore it from a backup`;
      case 'unwritable':
        return `${this.file} cannot be written: check its permissions and its disk`;
      default:
        return `${this.file} cannot be read or written: check its disk`;
    }
  }
}

function settled<T>(outcome: Outcome<T>): Promise<T> {
  return 'error' in outcome ? Promise.reject(outcome.error) : Promise.resolve(outcome.value);
}

function afterCommit<T>(batch: Batch, outcome: Outcome<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    batch.settle.push((failure) => {
      if (failure !== null) reject(failure);
      else if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
  });
}
