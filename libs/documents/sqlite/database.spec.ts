import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Collection, DuplicateKey, StoreUnavailable } from '#libs/documents';
import type { SqliteDatabase } from './database.js';
import { SqliteDocuments } from './documents.js';
import { openSqlite } from './open.js';

interface Note {
  readonly _id: string;
  readonly text?: string;
}

let folder: string;
let database: SqliteDatabase;
let notes: Collection<Note>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  notes = await new SqliteDocuments(database).collection<Note>({ name: 'notes', indexes: [] });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const limitPages = (pages: number) => database.read((connection) => connection.rows(`PRAGMA max_page_count=${pages}`));

describe('given writes of one turn of the event loop', () => {
  it('when one has a duplicate key, then it alone is refused', async () => {
    const results = await Promise.allSettled([
      notes.insertOne({ _id: 'a' }),
      notes.insertOne({ _id: 'a' }),
      notes.insertOne({ _id: 'b' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.any(DuplicateKey) });
    await expect(notes.countDocuments({})).resolves.toBe(2);
  });

  it('when a read follows a write, then it sees it', async () => {
    const [, found] = await Promise.all([notes.insertOne({ _id: 'a' }), notes.findOne({ _id: 'a' })]);
    expect(found).toEqual({ _id: 'a' });
  });

  it('when the disk refuses them, then a read that saw one of them is refused too', async () => {
    await limitPages(20);
    const results = await Promise.allSettled([
      notes.insertOne({ _id: 'small' }),
      notes.findOne({ _id: 'small' }),
      notes.insertOne({ _id: 'small' }),
      notes.insertOne({ _id: 'large', text: 'x'.repeat(200_000) }),
    ]);
    for (const result of results) expect(result).toMatchObject({ reason: expect.any(StoreUnavailable) });
    await expect(notes.findOne({ _id: 'small' })).resolves.toBeNull();
    await limitPages(1_000_000);
    await expect(notes.insertOne({ _id: 'small' })).resolves.toBeUndefined();
  });

  it('when the file is closed meanwhile, then they are written first', async () => {
    const writing = notes.insertOne({ _id: 'a' });
    database.close();
    await writing;
    database = openSqlite({ folder });
    notes = await new SqliteDocuments(database).collection<Note>({ name: 'notes', indexes: [] });
    await expect(notes.countDocuments({})).resolves.toBe(1);
  });
});

describe('given a listener', () => {
  it('when something was committed to its collection, then it is called, until it is taken away', async () => {
    let calls = 0;
    const unlisten = database.onCommit('notes', () => {
      calls += 1;
    });
    await Promise.all([notes.insertOne({ _id: 'a' }), notes.insertOne({ _id: 'b' })]);
    expect(calls).toBe(1);
    await notes.findOne({ _id: 'a' });
    await new SqliteDocuments(database).ping();
    expect(calls).toBe(1);
    unlisten();
    await notes.insertOne({ _id: 'c' });
    expect(calls).toBe(1);
  });
});

describe('given a closed file', () => {
  it('when it is asked, then it is unavailable; when it is closed again, then nothing happens', async () => {
    database.close();
    database.close();
    await expect(notes.findOne({ _id: 'a' })).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(notes.insertOne({ _id: 'a' })).rejects.toThrow(/closed/);
  });
});

describe('given an upsert', () => {
  it('when it has no id to go by, then it is refused', async () => {
    await expect(notes.updateOne({ text: 'x' }, { $set: { text: 'y' } }, { upsert: true })).rejects.toThrow(/_id/);
  });
});
