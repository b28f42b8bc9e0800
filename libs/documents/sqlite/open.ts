import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreUnusable } from '../errors.js';
import { Connection, numberAt, textAt } from './connection.js';
import { SqliteDatabase } from './database.js';
import { troubleOf } from './trouble.js';

/** 'gate': marks the file as ours (https://www.sqlite.org/fileformat.html, application id). */
const applicationId = 0x67617465;
/** Grows when the file's layout changes in a way that older programs would misread. */
const formatVersion = 1;
/** Up to here the whole file is checked when it is opened: about 50 ms for each 100 MB. */
const checkedWholeUpTo = 128 * 1024 * 1024;

/**
 * Opens the data folder, making it at first use, and locks it for this process. The lock is the operating system's, on
 * the file itself, so it goes with the process however that ends.
 *
 * @throws {StoreUnusable} `locked`, `unwritable`, `full`, `damaged` or `newer`; nothing was changed then.
 */
export function openSqlite({ folder }: { readonly folder: string }): SqliteDatabase {
  const file = join(resolve(folder), 'portcullis.db');
  prepareFolder(resolve(folder));
  prepareFile(file);
  const connection = openLocked(file);
  try {
    refuseForeign(connection, file);
    refuseDamaged(connection, file);
    setUp(connection, file);
    return new SqliteDatabase(file, connection);
  } catch (error) {
    connection.abandon();
    throw error instanceof StoreUnusable ? error : unusable(error, file);
  }
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(error, folder);
  }
}

/** Node's own recursive `mkdirSync` never returns where the parent is there and a folder still cannot be made in it. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (hasCode(error, 'EEXIST') && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    if (!hasCode(error, 'ENOENT') || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o700 });
  }
}

/**
 * Makes an empty file that only we can read. An existing one is looked at from outside alone: closing a second
 * descriptor would drop the locks of this process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
function prepareFile(file: string): void {
  const size = sizeOf(file);
  if ((size ?? 0) === 0 && (sizeOf(`${file}-wal`) ?? 0) > 0) {
    // SQLite would take the log for a leftover and delete it, and the newest writes with it.
    throw damaged(file, 'it is missing or empty, but its write-ahead log is not');
  }
  if (size !== null) return;
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unusable(error, file);
  }
}

/**
 * In exclusive mode the first transaction takes the lock and keeps it. Of two processes that start in the same moment
 * each may hold back the other, so the loser lets go and looks again, for a tenth of a second.
 */
function openLocked(file: string): Connection {
  for (let attempt = 1; ; attempt += 1) {
    let connection: Connection | null = null;
    try {
      connection = new Connection(file);
      connection.script('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
      return connection;
    } catch (error) {
      connection?.abandon();
      if (troubleOf(error) !== 'locked' || attempt === 5) throw unusable(error, file);
      sleep(5 + Math.random() * 30);
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function refuseForeign(connection: Connection, file: string): void {
  const version = numberAt(connection.rows('PRAGMA user_version')[0], 0);
  const id = numberAt(connection.rows('PRAGMA application_id')[0], 0);
  const tables = numberAt(connection.rows('SELECT count(*) FROM sqlite_schema')[0], 0);
  if (id !== applicationId && (tables > 0 || version > 0 || id !== 0)) {
    throw damaged(file, 'it was not written by Portcullis');
  }
  if (version > formatVersion) {
    throw new StoreUnusable(
      'newer',
      `${file} was written by a newer Portcullis (format ${version}, this one reads up to ${formatVersion}): ` +
        'start that version, or choose another data folder',
    );
  }
}

function setUp(connection: Connection, file: string): void {
  const mode = textAt(connection.rows('PRAGMA journal_mode=WAL')[0], 0);
  if (mode !== 'wal') {
    throw new StoreUnusable(
      'unwritable',
      `the file system of ${file} cannot keep a write-ahead log: choose another data folder`,
    );
  }
  // What was deleted is overwritten: an erased address must not stay readable in the file.
  // Without `fullfsync` an acknowledged write on macOS is only in the drive's cache.
  connection.script(`
    PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA journal_size_limit=67108864;
    PRAGMA secure_delete=ON;
    BEGIN IMMEDIATE;
    PRAGMA application_id=${applicationId}; PRAGMA user_version=${formatVersion};
    CREATE TABLE IF NOT EXISTS portcullis_health (id INTEGER PRIMARY KEY, count INTEGER NOT NULL);
    INSERT INTO portcullis_health VALUES (1, 0) ON CONFLICT (id) DO NOTHING;
    COMMIT`);
}

/** SQLite has no checksums: this finds torn and truncated pages, not a changed letter in a document. */
function refuseDamaged(connection: Connection, file: string): void {
  if ((sizeOf(file) ?? 0) > checkedWholeUpTo) return;
  const finding = textAt(connection.rows('PRAGMA quick_check(1)')[0], 0);
  if (finding !== 'ok') throw damaged(file, finding.replaceAll(/\s+/g, ' '));
}

function unusable(error: unknown, path: string): unknown {
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) return full(path, error);
  if (hasCode(error, 'EEXIST') || hasCode(error, 'ENOTDIR')) {
    return new StoreUnusable('unwritable', `the data folder ${path} cannot be made: there is a file in its place`, {
      cause: error,
    });
  }
  if (isObject(error) && 'syscall' in error) return unwritable(path, error);
  switch (troubleOf(error)) {
    case 'locked':
      return new StoreUnusable(
        'locked',
        `the data folder ${dirname(path)} is in use by another process: stop that one, or choose another data folder`,
        { cause: error },
      );
    case 'full':
      return full(path, error);
    case 'unwritable':
      return unwritable(path, error);
    case 'damaged':
      return damaged(path, isObject(error) && 'message' in error ? `${error.message}` : 'it cannot be read', error);
    case 'unreachable':
      return unwritable(path, error);
    default:
      return error;
  }
}

function full(path: string, cause: unknown): StoreUnusable {
  return new StoreUnusable('full', `the disk of ${path} is full: free some space and start again`, { cause });
}

function unwritable(path: string, cause: unknown): StoreUnusable {
  return new StoreUnusable(
    'unwritable',
    `${path} cannot be read and written by this process: give it to the user that Portcullis runs as, or choose another data folder`,
    { cause },
  );
}

function damaged(file: string, finding: string, cause?: unknown): StoreUnusable {
  return new StoreUnusable(
    'damaged',
    `the data file ${file} is damaged (${finding}) and was left as it is: restore it from a backup, or choose another data folder`,
    { cause },
  );
}

function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null;
}

function hasCode(error: unknown, code: string): boolean {
  return isObject(error) && 'code' in error && error.code === code;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
