import { StoreUnavailable } from '#libs/documents';
import { createTable, numberAt, quoted, type Row, type SqliteDatabase, textAt } from '#libs/documents/sqlite';
import { type LogEntry, type LogRecord, LogUnavailable, type LogValue } from '../event-log.js';

/** The one partition of the embedded log. */
export const partition = 0;

export interface Stretch {
  readonly entries: readonly LogEntry[];
  readonly end: number;
}

/** The events' table, read as a log: `seq` is the offset, and what is committed is on the log. */
export class LogTable {
  readonly #table: string;
  #made = false;

  constructor(
    readonly database: SqliteDatabase,
    readonly collection: string,
  ) {
    this.#table = quoted(collection);
  }

  insert(records: readonly LogRecord[]): Promise<void> {
    return this.#asked(() =>
      this.database.write(this.collection, (connection) => {
        for (const { id, key, value } of records) {
          connection.change(`INSERT INTO ${this.#table} (_id, doc) VALUES (?, ?) ON CONFLICT (_id) DO NOTHING`, [
            id,
            JSON.stringify({ _id: id, key, event: value }),
          ]);
        }
      }),
    );
  }

  /** At most `limit` entries from `position` on, and where the log ended when they were read. */
  stretch(position: number, limit: number): Promise<Stretch> {
    return this.#asked(() =>
      this.database.read((connection) => {
        const rows = connection.rows(`SELECT seq, doc FROM ${this.#table} WHERE seq >= ? ORDER BY seq LIMIT ?`, [
          position,
          limit,
        ]);
        const [end] = connection.rows(`SELECT coalesce(max(seq), 0) + 1 FROM ${this.#table}`);
        return { entries: rows.map(entryOf), end: numberAt(end, 0) };
      }),
    );
  }

  end(): Promise<number> {
    return this.#asked(() =>
      this.database.read((connection) =>
        numberAt(connection.rows(`SELECT coalesce(max(seq), 0) + 1 FROM ${this.#table}`)[0], 0),
      ),
    );
  }

  /** The lowest offset of an event of `time` or later; the end when there is none. */
  firstSince(time: number): Promise<number> {
    return this.#asked(() =>
      this.database.read((connection) => {
        // The sum keeps SQLite from walking the table by `seq`, which it thinks is quicker for a minimum.
        const [row] = connection.rows(
          `SELECT coalesce(min(+seq), (SELECT coalesce(max(seq), 0) + 1 FROM ${this.#table}))
           FROM ${this.#table} WHERE ${eventTime} >= ?`,
          [time],
        );
        return numberAt(row, 0);
      }),
    );
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      if (!this.#made) await this.#make();
      return await ask();
    } catch (error) {
      if (error instanceof StoreUnavailable) throw new LogUnavailable(error.message, { cause: error });
      throw error;
    }
  }

  /**
   * The log may be read before anything was written. Event times come from clocks, which step back, so no search by
   * halves over the offsets can promise to find the first event since a time; an index on the time can.
   */
  async #make(): Promise<void> {
    await this.database.write(this.collection, (connection) => {
      createTable(connection, this.collection);
      connection.script(
        `CREATE INDEX IF NOT EXISTS ${quoted(`${this.collection}:log-time`)} ON ${this.#table} (${eventTime})`,
      );
    });
    this.#made = true;
  }
}

const eventTime = `doc ->> '$.event.time'`;

function entryOf(row: Row): LogEntry {
  const document: unknown = JSON.parse(textAt(row, 1));
  const key = isObject(document) && typeof document.key === 'string' ? document.key : '';
  const value = isObject(document) && isObject(document.event) ? document.event : undefined;
  return { partition, offset: numberAt(row, 0), key, value };
}

function isObject(value: unknown): value is LogValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
