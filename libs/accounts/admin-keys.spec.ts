import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Document } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { AdminKeys } from './admin-keys.js';
import { adminRoles, roleReaches } from './admin-role.js';
import { EnvironmentKey, LastAdminKey } from './errors.js';
import { objectIds } from './object-ids.js';

let folder: string;
let database: ReturnType<typeof openSqlite>;
let documents: SqliteDocuments;
let time: number;
const now = () => time;
const newId = objectIds(now);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  documents = new SqliteDocuments(database);
  time = Date.UTC(2025, 0, 1);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** One process' view of the keys. */
function open(): Promise<AdminKeys> {
  return AdminKeys.open(documents, { now, newId });
}

describe('given the roles', () => {
  it('when one is asked for, then it and the higher ones reach it', () => {
    const reached = adminRoles.map((role) => adminRoles.filter((least) => roleReaches(role, least)));
    expect(reached).toEqual([['viewer'], ['viewer', 'operator'], ['viewer', 'operator', 'admin']]);
  });
});

describe('given a first start without a key in the environment', () => {
  it('when a key is ensured, then one is made with the role admin, once', async () => {
    const keys = await open();
    const first = await keys.ensureFirst(null);
    expect(first?.text).toMatch(/^pck_first_[\w-]{43}$/);
    expect(await keys.authenticate(first?.text ?? '')).toEqual({ keyId: 'first', name: 'first', role: 'admin' });
    expect(await keys.ensureFirst(null)).toBeNull();
    expect(await (await open()).ensureFirst(null)).toBeNull();
    expect(await keys.authenticate(first?.text ?? '')).not.toBeNull();
  });

  it('when processes start at once, then one of them gets the key, and it works in all', async () => {
    const started = await Promise.all([open(), open(), open()]);
    const made = (await Promise.all(started.map((keys) => keys.ensureFirst(null)))).filter((key) => key !== null);
    expect(made).toHaveLength(1);
    for (const keys of started) expect(await keys.authenticate(made[0]?.text ?? '')).toMatchObject({ role: 'admin' });
  });

  it('when the only admin key left its user halfway through its removal, then a new one is made', async () => {
    const keys = await open();
    const old = await keys.ensureFirst(null);
    const collection = await documents.collection<Document & { disabledAt?: number }>({
      name: 'admin_keys',
      indexes: [],
    });
    await collection.updateOne({ _id: 'first' }, { $set: { disabledAt: 1 } });
    const again = await open();
    const first = await again.ensureFirst(null);
    expect(await again.authenticate(first?.text ?? '')).toMatchObject({ keyId: 'first' });
    expect(await again.authenticate(old?.text ?? '')).toBeNull();
  });
});

describe('given a key in the environment', () => {
  it.each([
    ['a plain one', 'correct horse battery staple'],
    ['one of our form', `pck_${'a'.repeat(24)}_${'b'.repeat(43)}`],
    ['one that looks like the first', `pck_first_${'b'.repeat(43)}`],
  ])('when it is %s, then it opens with the role admin, and none is made', async (_case, text) => {
    const keys = await open();
    expect(await keys.ensureFirst(text)).toBeNull();
    expect(await keys.authenticate(text)).toEqual({ keyId: 'environment', name: 'ADMIN_API_KEY', role: 'admin' });
    expect(await keys.authenticate(`${text}x`)).toBeNull();
    expect(await keys.authenticate('')).toBeNull();
  });

  it('when it is changed, then the old one is dead, here at once and elsewhere within 5 s', async () => {
    const elsewhere = await open();
    await elsewhere.ensureFirst('old');
    expect(await elsewhere.authenticate('old')).not.toBeNull();
    const keys = await open();
    await keys.ensureFirst('new');
    expect(await keys.authenticate('old')).toBeNull();
    expect(await keys.authenticate('new')).not.toBeNull();
    time += 5_000;
    expect(await elsewhere.authenticate('old')).toBeNull();
    expect(await elsewhere.authenticate('new')).not.toBeNull();
    expect(await keys.list()).toHaveLength(1);
  });

  it('when it is taken out, then it is dead, and a first key takes its place', async () => {
    await (await open()).ensureFirst('old');
    const keys = await open();
    const first = await keys.ensureFirst(null);
    expect(await keys.authenticate('old')).toBeNull();
    expect(await keys.authenticate(first?.text ?? '')).toMatchObject({ keyId: 'first' });
  });

  it('when processes start with it at once, then there is one', async () => {
    const started = await Promise.all([open(), open(), open()]);
    await Promise.all(started.map((keys) => keys.ensureFirst('text')));
    expect(await started[0]?.list()).toHaveLength(1);
  });

  it('when it is to be removed, then that is refused', async () => {
    const keys = await open();
    await keys.ensureFirst('text');
    await expect(keys.remove('environment')).rejects.toBeInstanceOf(EnvironmentKey);
  });
});

describe('given keys that were made', () => {
  it('when one is used, then it is known by its text alone, and the text is nowhere', async () => {
    const keys = await open();
    await keys.ensureFirst(null);
    time += 1;
    const made = await keys.create({ name: 'billing', role: 'viewer' });
    expect(made).toEqual({
      keyId: expect.stringMatching(/^[0-9a-f]{24}$/),
      name: 'billing',
      role: 'viewer',
      createdAt: time,
      disabledAt: null,
      text: expect.stringMatching(`^pck_${made.keyId}_[\\w-]{43}$`),
    });
    expect(await keys.authenticate(made.text)).toEqual({ keyId: made.keyId, name: 'billing', role: 'viewer' });
    const { text, ...shown } = made;
    expect((await keys.list())[1]).toEqual(shown);
    const secret = text.slice(-43);
    const all = await (await documents.collection<Document>({ name: 'admin_keys', indexes: [] })).find(
      {},
      { limit: 9 },
    );
    expect(inspect([keys, all, await keys.list()], { depth: 9, showHidden: true })).not.toContain(secret);
  });

  it('when a text is not quite right, then it is nobody', async () => {
    const keys = await open();
    await keys.ensureFirst('environment key');
    const { text, keyId } = await keys.create({ name: 'a', role: 'admin' });
    const other = await keys.create({ name: 'b', role: 'admin' });
    const wrong = [
      text.slice(0, -1),
      `${text}A`,
      ` ${text}`,
      text.toUpperCase(),
      `pck_${keyId}_${other.text.slice(-43)}`,
      `pck___proto___${text.slice(-43)}`,
      `pck_environment_${text.slice(-43)}`,
      keyId,
      'x'.repeat(100_000),
    ];
    for (const each of wrong) expect(await keys.authenticate(each)).toBeNull();
    await fc.assert(fc.asyncProperty(fc.string(), async (each) => (await keys.authenticate(each)) === null));
  });

  it('when one is removed, then it is dead here at once, and elsewhere within 5 s', async () => {
    const [keys, elsewhere] = [await open(), await open()];
    await keys.ensureFirst(null);
    const { text, keyId } = await keys.create({ name: 'a', role: 'operator' });
    for (const each of [keys, elsewhere]) expect(await each.authenticate(text)).not.toBeNull();
    expect(await keys.remove(keyId)).toBe(true);
    expect(await keys.authenticate(text)).toBeNull();
    time += 5_000;
    expect(await elsewhere.authenticate(text)).toBeNull();
    expect(await keys.remove(keyId)).toBe(false);
  });

  it('when one is removed while it is being looked up, then it is not remembered', async () => {
    const keys = await open();
    await keys.ensureFirst(null);
    const { text, keyId } = await keys.create({ name: 'a', role: 'operator' });
    await Promise.all([keys.authenticate(text), keys.remove(keyId), keys.authenticate(text)]);
    expect(await keys.authenticate(text)).toBeNull();
  });

  it('when the last with the role admin is to be removed, then that is refused, and it works on', async () => {
    const keys = await open();
    const first = await keys.ensureFirst(null);
    await keys.create({ name: 'a', role: 'operator' });
    await expect(keys.remove('first')).rejects.toBeInstanceOf(LastAdminKey);
    expect(await keys.authenticate(first?.text ?? '')).toMatchObject({ role: 'admin' });
    await keys.create({ name: 'b', role: 'admin' });
    expect(await keys.remove('first')).toBe(true);
  });

  it('when the last two are removed at once, then one at least stays', async () => {
    const [one, other] = [await open(), await open()];
    await one.ensureFirst(null);
    const { keyId } = await one.create({ name: 'a', role: 'admin' });
    await Promise.allSettled([one.remove('first'), other.remove(keyId)]);
    const left = (await one.list()).filter((key) => key.role === 'admin' && key.disabledAt === null);
    expect(left.length).toBeGreaterThanOrEqual(1);
  });
});
