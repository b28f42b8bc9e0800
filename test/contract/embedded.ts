import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite, type SqliteDatabase } from '#libs/documents/sqlite';

/** A data folder of its own, opened; `close` also removes it. */
export function openTemporary(): { readonly database: SqliteDatabase; readonly folder: string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  const database = openSqlite({ folder });
  return {
    database,
    folder,
    close: () => {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
