import type { Collection, CollectionSpec, Document, Documents } from '../collection.js';
import { SqliteCollection } from './collection.js';
import type { SqliteDatabase } from './database.js';
import { createIndexes, createTable } from './schema.js';

/**
 * Documents as JSON in a data file. Closing them leaves the file open: it is shared, and whoever opened it closes it.
 */
export class SqliteDocuments implements Documents {
  constructor(private readonly database: SqliteDatabase) {}

  async collection<T extends Document>(spec: CollectionSpec<T>): Promise<Collection<T>> {
    await this.database.write(spec.name, (connection) => {
      createTable(connection, spec.name);
      createIndexes(connection, spec);
    });
    return new SqliteCollection<T>(this.database, spec.name);
  }

  /** Writes, because a full or read-only disk can still be read. */
  async ping(): Promise<void> {
    await this.database.write('portcullis_health', (connection) =>
      connection.change('UPDATE portcullis_health SET count = count + 1'),
    );
  }

  async close(): Promise<void> {}
}
