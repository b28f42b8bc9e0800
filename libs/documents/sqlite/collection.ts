import type { Collection, Document, Filter, Sort, Update, UpdateResult } from '../collection.js';
import { type Connection, numberAt, textAt } from './connection.js';
import type { SqliteDatabase } from './database.js';
import { quoted } from './fields.js';
import { selection } from './selection.js';
import { type Fields, updated } from './update.js';
import { equalFields, where } from './where.js';

interface Stored {
  readonly seq: number;
  readonly doc: string;
}

/** One collection as a table; see {@link Collection} for what it promises. */
export class SqliteCollection<T extends Document> implements Collection<T> {
  readonly #table: string;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly name: string,
  ) {
    this.#table = quoted(name);
  }

  insertOne(document: T): Promise<void> {
    return this.#write((connection) => this.#insert(connection, document));
  }

  findOne(filter: Filter<T>, options: { readonly sort?: Sort<T> } = {}): Promise<T | null> {
    return this.database.read((connection) => {
      const [found] = this.#select(connection, filter, 1, options.sort);
      return found === undefined ? null : parse<T>(found.doc);
    });
  }

  find(filter: Filter<T>, options: { readonly sort?: Sort<T>; readonly limit: number }): Promise<T[]> {
    return this.database.read((connection) =>
      this.#select(connection, filter, options.limit, options.sort).map(({ doc }) => parse<T>(doc)),
    );
  }

  updateOne(filter: Filter<T>, update: Update<T>, options: { readonly upsert?: boolean } = {}): Promise<UpdateResult> {
    return this.#write((connection) => {
      const [found] = this.#select(connection, filter, 1);
      if (found !== undefined) {
        this.#replace(connection, found, update);
        return { matched: true, upserted: false };
      }
      if (options.upsert !== true) return { matched: false, upserted: false };
      this.#insert(connection, updated(equalFields(filter), update, true));
      return { matched: false, upserted: true };
    });
  }

  findOneAndUpdate(filter: Filter<T>, update: Update<T>): Promise<T | null> {
    return this.#write((connection) => {
      const [found] = this.#select(connection, filter, 1);
      return found === undefined ? null : parse<T>(this.#replace(connection, found, update));
    });
  }

  updateMany(filter: Filter<T>, update: Update<T>): Promise<number> {
    return this.#write((connection) => {
      const { sql, params } = where(filter);
      // Numbers first and documents one at a time, so that memory does not grow with the documents.
      const matches = connection.rows(`SELECT seq FROM ${this.#table} WHERE ${sql}`, params);
      for (const match of matches) {
        const seq = numberAt(match, 0);
        const [row] = connection.rows(`SELECT doc FROM ${this.#table} WHERE seq = ?`, [seq]);
        this.#replace(connection, { seq, doc: textAt(row, 0) }, update);
      }
      return matches.length;
    });
  }

  deleteOne(filter: Filter<T>): Promise<boolean> {
    return this.#write((connection) => {
      const { sql, params } = where(filter);
      const one = `SELECT seq FROM ${this.#table} WHERE ${sql} LIMIT 1`;
      return connection.change(`DELETE FROM ${this.#table} WHERE seq = (${one})`, params) > 0;
    });
  }

  deleteMany(filter: Filter<T>): Promise<number> {
    return this.#write((connection) => {
      const { sql, params } = where(filter);
      return connection.change(`DELETE FROM ${this.#table} WHERE ${sql}`, params);
    });
  }

  countDocuments(filter: Filter<T>): Promise<number> {
    return this.database.read((connection) => {
      const { sql, params } = where(filter);
      return numberAt(connection.rows(`SELECT count(*) FROM ${this.#table} WHERE ${sql}`, params)[0], 0);
    });
  }

  #write<R>(work: (connection: Connection) => R): Promise<R> {
    return this.database.write(this.name, work);
  }

  #select(connection: Connection, filter: Filter<T>, limit: number, sort?: Sort<T>): Stored[] {
    const { sql, params } = selection(this.#table, filter, limit, sort);
    return connection.rows(sql, params).map((row) => ({ seq: numberAt(row, 0), doc: textAt(row, 1) }));
  }

  #insert(connection: Connection, document: Fields | T): void {
    const { _id: id } = document;
    if (typeof id !== 'string') throw new TypeError(`a document of ${this.name} needs an "_id" that is a string`);
    connection.change(`INSERT INTO ${this.#table} (_id, doc) VALUES (?, ?)`, [id, JSON.stringify(document)]);
  }

  /** Writes what an update makes of a document and gives it as text. */
  #replace(connection: Connection, stored: Stored, update: Update<T>): string {
    const doc = JSON.stringify(updated(parse<Fields>(stored.doc), update, false));
    if (doc !== stored.doc) {
      connection.change(`UPDATE ${this.#table} SET doc = ? WHERE seq = ?`, [doc, stored.seq]);
    }
    return doc;
  }
}

/** Only this module writes documents, so what is read has the shape that was written. */
function parse<T>(doc: string): T {
  const document: T = JSON.parse(doc);
  return document;
}
