import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite, type SqliteDatabase, SqliteDocuments } from '#libs/documents/sqlite';

/** Documents on a data file of their own. */
export interface TemporaryStore {
  readonly database: SqliteDatabase;
  readonly documents: SqliteDocuments;
  /** Closes the file and removes it. */
  close(): void;
}

export function openTemporaryStore(): TemporaryStore {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  const database = openSqlite({ folder });
  return {
    database,
    documents: new SqliteDocuments(database),
    close: () => {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
}
