import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SqliteDatabase } from './database.js';
import { SqliteDocuments } from './documents.js';
import { openSqlite } from './open.js';
import { selection } from './selection.js';

interface Thing {
  readonly _id: string;
  readonly app?: string;
  readonly version?: number;
  readonly email?: string;
  readonly state?: string;
}

let folder: string;
let database: SqliteDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  await new SqliteDocuments(database).collection<Thing>({
    name: 'things',
    indexes: [
      { keys: { app: 1, version: -1 } },
      { keys: { email: 1 }, unique: true, sparse: true },
      { keys: { state: 1, _id: 1 } },
    ],
  });
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const planOf = (filter: object, sort?: object) =>
  database.read((connection) => {
    const { sql, params } = selection('things', filter, 10, sort);
    return connection.rows(`EXPLAIN QUERY PLAN ${sql}`, params).flat().join(' ');
  });

describe('given declared indexes', () => {
  it.each([
    ['an id', { _id: 'a' }, undefined, 'sqlite_autoindex_things_1 (_id=?)'],
    [
      'the last id of a range',
      { _id: { $gt: 'a/', $lt: 'a0' } },
      { _id: -1 },
      'sqlite_autoindex_things_1 (_id>? AND _id<?)',
    ],
    ['several ids', { _id: { $in: ['a', 'b'] } }, undefined, 'sqlite_autoindex_things_1 (_id=?)'],
    ['equality', { app: 'x', version: 3 }, undefined, 'things:app+version- (<expr>=? AND <expr>=?)'],
    ['the newest of one', { app: 'x' }, { version: -1 }, 'things:app+version- (<expr>=?)'],
    ['a range', { app: 'x', version: { $gt: 3 } }, { version: 1 }, 'things:app+version- (<expr>=? AND <expr>>?)'],
    ['null', { app: null }, undefined, 'things:app+version- (<expr>=?)'],
    ['several values', { app: { $in: ['x', 'y'] } }, undefined, 'things:app+version- (<expr>=?)'],
    ['a unique and sparse key', { email: 'a@b' }, undefined, 'things:email+:sparse (<expr>=?)'],
    ['a page by id', { state: 'x', _id: { $gt: 'a' } }, { _id: 1 }, 'things:state+_id+ (<expr>=? AND _id>?)'],
  ])('when %s is asked, then an index finds it', async (_, filter, sort, expected) => {
    const plan = await planOf(filter, sort);
    expect(plan).toContain(`SEARCH things USING INDEX ${expected}`);
    expect(plan).not.toContain('TEMP B-TREE');
  });

  it('when a list has another length, then the statement is the same', () => {
    const [two, three] = [
      ['x', 'y'],
      ['x', 'y', 'z'],
    ].map((list) => selection('things', { app: { $in: list } }, 1).sql);
    expect(two).toBe(three);
  });
});

describe('given a filter that is a mistake', () => {
  it.each([
    ['undefined', { app: undefined }],
    ['an unknown operator', { app: { $regex: 'x' } }],
    ['a field that is no plain name', { "app' OR 1 --": 'x' }],
    ['a comparison with an object', { app: { $gt: {} } }],
  ])('when it holds %s, then it is refused rather than answered', (_, filter) => {
    expect(() => selection('things', filter, 1)).toThrow(TypeError);
  });
});
