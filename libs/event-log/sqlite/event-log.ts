import type { SqliteDatabase } from '#libs/documents/sqlite';
import type { EventLog, LogReader, LogRecord, Positions, Reading } from '../event-log.js';
import { SqliteReading } from './reading.js';
import { LogTable, partition } from './table.js';
import { Turns } from './turns.js';

/** Logs that stand on one file and collection share their groups, as clients of one server do. */
const turnsOf = new WeakMap<SqliteDatabase, Map<string, Turns>>();

/**
 * The log that is the events' own collection: a document `{ _id, key, event }` inserted into it, here or through the
 * documents adapter on the same file, is on the log when it is committed, and readers are woken by the commit.
 */
export class SqliteEventLog implements EventLog {
  readonly #table: LogTable;
  readonly #turns: Turns;
  readonly #readings = new Set<Reading>();

  constructor(database: SqliteDatabase, collection: string) {
    this.#table = new LogTable(database, collection);
    this.#turns = sharedTurns(database, collection);
  }

  publish(records: readonly LogRecord[]): Promise<void> {
    return this.#table.insert(records);
  }

  async read(reader: LogReader): Promise<Reading> {
    const reading: Reading = new SqliteReading(this.#table, reader, this.#turns, () => this.#readings.delete(reading));
    this.#readings.add(reading);
    return reading;
  }

  async ends(): Promise<Positions> {
    return new Map([[partition, await this.#table.end()]]);
  }

  async positionsAt(time: number): Promise<Positions> {
    return new Map([[partition, await this.#table.firstSince(time)]]);
  }

  async ping(): Promise<void> {
    await this.#table.end();
  }

  /** Stops the readings. The file stays open: it is shared, and whoever opened it closes it. */
  async close(): Promise<void> {
    await Promise.all([...this.#readings].map((reading) => reading.stop()));
  }
}

function sharedTurns(database: SqliteDatabase, collection: string): Turns {
  const byCollection = turnsOf.get(database) ?? new Map<string, Turns>();
  turnsOf.set(database, byCollection);
  const turns = byCollection.get(collection) ?? new Turns();
  byCollection.set(collection, turns);
  return turns;
}
