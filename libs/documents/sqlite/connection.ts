import Database from 'libsql';

/** What may be bound to a statement. libsql aborts the process on a boolean, so there is none here. */
export type Bound = string | number | null;

export type Row = readonly unknown[];

/** libsql's connection narrowed to what is safe to call, with every statement prepared once. */
export class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(file: string) {
    this.#database = new Database(file, { timeout: 0 });
  }

  /**
   * Every row of a query, as arrays. libsql's `get` leaves its statement open, which holds back the checkpoint of the
   * write-ahead log for ever; so a single row is asked with `LIMIT 1` and read here to its end.
   */
  rows(sql: string, params: readonly Bound[] = []): Row[] {
    return this.#statement(sql)
      .all([...params])
      .map(asRow);
  }

  /** Runs a statement that writes and gives the number of rows that it changed. */
  change(sql: string, params: readonly Bound[] = []): number {
    return this.#statement(sql).run([...params]).changes;
  }

  /** Runs statements without parameters and drops their results. */
  script(sql: string): void {
    this.#database.exec(sql);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** SQLite ends a transaction by itself after some errors (a full disk is one). */
  rollBack(): void {
    if (this.inTransaction) this.script('ROLLBACK');
  }

  /**
   * Lets go of the file. Statements keep libsql's connection alive until they are collected, so the lock is given back
   * by hand: it goes with the exclusive mode, which cannot be left while the write-ahead log is in use. Where that fails
   * (the disk is full, say) the log stays and the lock goes with the process.
   */
  close(): void {
    this.#statements.clear();
    try {
      this.script('PRAGMA journal_mode=DELETE; PRAGMA locking_mode=NORMAL; SELECT count(*) FROM sqlite_schema');
    } catch {
      // Everything acknowledged is in the log, which the next start reads.
    } finally {
      this.#database.close();
    }
  }

  /** Lets go without writing anything, for a file that must stay as it is. The lock may stay until the process ends. */
  abandon(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      if (statement.reader) statement.raw();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A cell that holds a number. */
export function numberAt(row: Row | undefined, index: number): number {
  const value = row?.[index];
  if (typeof value !== 'number') throw new TypeError(`column ${index} holds no number`);
  return value;
}

/** A cell that holds text. libsql cuts text at U+0000 when it is read, so only JSON, which escapes it, is read. */
export function textAt(row: Row | undefined, index: number): string {
  const value = row?.[index];
  if (typeof value !== 'string') throw new TypeError(`column ${index} holds no text`);
  return value;
}

function asRow(row: unknown): Row {
  if (!Array.isArray(row)) throw new TypeError('a row is an array');
  return row;
}
