import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { Accounts } from './accounts.js';
import { AttemptReused, EmailTaken } from './errors.js';
import { objectIds } from './object-ids.js';
import { PasswordHasher } from './password-hasher.js';
import type { UserStanding } from './registrations.js';
import { Sessions } from './sessions.js';

const day = 86_400_000;
const app = 'myapp';
const email = 'Ann@Example.com';

let folder: string;
let database: ReturnType<typeof openSqlite>;
let documents: SqliteDocuments;
let time: number;
let hasher: PasswordHasher;
let sessions: Sessions;
let accounts: Accounts;
/** User id to the command id of its first event. */
let living: Map<string, string>;
let deleted: Set<string>;
const now = () => time;
const newId = objectIds(now);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  documents = new SqliteDocuments(database);
  time = Date.UTC(2025, 0, 1);
  living = new Map();
  deleted = new Set();
  hasher = await PasswordHasher.create({ memoryKib: 8, passes: 1 });
  sessions = await Sessions.open(documents, { lifeMs: day, now, newId });
  accounts = await openAccounts();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function openAccounts(): Promise<Accounts> {
  const standing = async (userId: string): Promise<UserStanding> =>
    deleted.has(userId) ? 'deleted' : living.has(userId) ? 'living' : 'absent';
  const firstCommandId = async (userId: string) => living.get(userId) ?? null;
  return Accounts.open(documents, { hasher, sessions, streams: { standing, firstCommandId }, now, newId });
}

function claim(attempt: string, password = 'secret', address = email) {
  return accounts.claimEmail({ app, email: address, password, attempt, newUserId: newId() });
}

async function register(address = email, password = 'secret', attempt = newId()): Promise<string> {
  const { userId } = await claim(attempt, password, address);
  living.set(userId, attempt);
  await accounts.settle(userId, attempt);
  return userId;
}

function signIn(password = 'secret', address = email) {
  return accounts.checkPassword({ app, email: address, password });
}

/** How many documents a collection holds. */
async function stored(name: string): Promise<number> {
  return (await documents.collection<Document>({ name, indexes: [] })).countDocuments({});
}

describe('given a registered user', () => {
  it('when the password is checked, then the account comes out for the right one only', async () => {
    const userId = await register();
    const account = await signIn();
    expect(account).toEqual({
      userId,
      app,
      email,
      identityId: expect.stringMatching(/^[0-9a-f]{24}$/),
      createdAt: time,
      lastSignInAt: null,
    });
    expect(await signIn('secreT')).toBeNull();
    expect(await signIn('')).toBeNull();
    expect(await signIn('secret', 'nobody@example.com')).toBeNull();
    expect(await accounts.checkPassword({ app: 'other', email, password: 'secret' })).toBeNull();
  });

  it('when the same address is claimed again, then it is taken', async () => {
    const userId = await register();
    await expect(claim('again')).rejects.toMatchObject({ code: 'email-taken', userId });
    await expect(claim('again')).rejects.toBeInstanceOf(EmailTaken);
    expect(await signIn()).toMatchObject({ userId });
  });

  it('when the address is claimed in another case or another app, then that is another user', async () => {
    const userId = await register();
    expect(await register('ann@example.com', 'other')).not.toBe(userId);
    const elsewhere = await accounts.claimEmail({ app: 'x', email, password: 'p', attempt: 'a', newUserId: newId() });
    expect(elsewhere.outcome).toBe('claimed');
    expect(await signIn()).toMatchObject({ userId });
  });

  it('when a sign-in is recorded, then the account says when', async () => {
    const userId = await register();
    time += 5;
    await accounts.signedIn(userId);
    time -= 3;
    await accounts.signedIn(userId);
    expect((await accounts.find(userId))?.lastSignInAt).toBe(Date.UTC(2025, 0, 1) + 5);
  });

  it('when the store is looked at, then it holds no password', async () => {
    await register(email, 'a very long password');
    await claim('pending', 'another very long password', 'other@example.com');
    for (const name of ['accounts', 'registrations']) {
      const all = await (await documents.collection<Document>({ name, indexes: [] })).find({}, { limit: 9 });
      expect(all.length).toBeGreaterThan(0);
      expect(JSON.stringify(all)).not.toContain('long password');
    }
    expect(JSON.stringify(await signIn('a very long password'))).not.toMatch(/argon2/);
  });

  it('when the cost of hashing has been changed, then the hash is renewed at the next sign-in', async () => {
    const userId = await register();
    hasher = await PasswordHasher.create({ memoryKib: 16, passes: 1 });
    accounts = await openAccounts();
    const collection = await documents.collection<Document & { passwordHash: string }>({
      name: 'accounts',
      indexes: [],
    });
    const hashNow = async () => (await collection.findOne({ _id: userId }))?.passwordHash;
    expect(await signIn('wrong')).toBeNull();
    expect(await hashNow()).toContain('m=8,');
    expect(await signIn()).toMatchObject({ userId });
    expect(await hashNow()).toContain('m=16,');
    expect(await signIn()).toMatchObject({ userId });
  });
});

describe('given an address that was claimed, and nothing more', () => {
  it('when it signs in, then there is no such user', async () => {
    await claim('a');
    expect(await signIn()).toBeNull();
  });

  it('when another attempt claims it, then that finishes it, with its own password', async () => {
    const { userId } = await claim('a', 'first');
    expect(await claim('b', 'second')).toEqual({ userId, outcome: 'resumed' });
    living.set(userId, 'b');
    expect(await accounts.settle(userId, 'b')).toBe(true);
    expect(await signIn('second')).toMatchObject({ userId });
    expect(await signIn('first')).toBeNull();
    expect(await stored('registrations')).toBe(0);
  });

  it('when the first attempt wins after all, then its own password counts', async () => {
    const { userId } = await claim('a', 'first');
    await claim('b', 'second');
    living.set(userId, 'a');
    expect(await accounts.settle(userId, 'a')).toBe(true);
    expect(await accounts.settle(userId, 'a')).toBe(true);
    expect(await signIn('first')).toMatchObject({ userId });
    expect(await signIn('second')).toBeNull();
  });

  it('when the winner dies before it settles, then signing in settles it', async () => {
    const { userId } = await claim('a', 'first');
    await claim('b', 'second');
    living.set(userId, 'b');
    expect(await signIn('first')).toBeNull();
    expect(await signIn('second')).toMatchObject({ userId });
    expect(await stored('registrations')).toBe(0);
  });

  it('when the winner dies before it settles, then the next attempt settles it and is told that it is taken', async () => {
    const { userId } = await claim('a', 'first');
    living.set(userId, 'a');
    await expect(claim('b', 'second')).rejects.toBeInstanceOf(EmailTaken);
    expect(await stored('registrations')).toBe(0);
    expect(await signIn('first')).toMatchObject({ userId });
  });

  it('when the same attempt comes again, then it goes on; with another password it is refused', async () => {
    const { userId } = await claim('a', 'first');
    expect(await claim('a', 'first')).toEqual({ userId, outcome: 'resumed' });
    await expect(claim('a', 'second')).rejects.toBeInstanceOf(AttemptReused);
  });

  it('when an attempt that never claimed it settles, then nothing is settled', async () => {
    const { userId } = await claim('a');
    expect(await accounts.settle(userId, 'other')).toBe(false);
    expect(await accounts.settle('nobody', 'a')).toBe(false);
    expect(await signIn()).toBeNull();
  });
});

describe('given a deleted user', () => {
  it('when the address is claimed before the account was erased, then that is erased, and a new user begins', async () => {
    const userId = await register(email, 'old');
    const session = await sessions.begin({
      app,
      userId,
      version: 1,
      appVersion: 0,
      deviceId: null,
      provider: 'local-userpass',
    });
    deleted.add(userId);
    const { userId: next, outcome } = await claim('a', 'new');
    expect(outcome).toBe('claimed');
    expect(next).not.toBe(userId);
    living.set(next, 'a');
    await accounts.settle(next, 'a');
    expect(await accounts.find(userId)).toBeNull();
    expect(await sessions.find(session.sid)).toBeNull();
    expect(await signIn('old')).toBeNull();
    expect(await signIn('new')).toMatchObject({ userId: next });
  });

  it('when it is erased, then nothing of it is left, and erasing again does nothing', async () => {
    const userId = await register();
    await claim('a', 'x', 'other@example.com');
    await sessions.begin({ app, userId, version: 1, appVersion: 0, deviceId: null, provider: 'local-userpass' });
    await accounts.erase(userId);
    await accounts.erase(userId);
    expect(await accounts.find(userId)).toBeNull();
    expect(await accounts.findByEmail(app, email)).toBeNull();
    expect([await stored('accounts'), await stored('registrations'), await stored('sessions')]).toEqual([1, 1, 0]);
  });
});

describe('given attempts of long ago', () => {
  it('when they are swept within a day, then they stay', async () => {
    await claim('a');
    time += day;
    expect(await accounts.sweepAbandoned()).toBe(0);
    expect(await stored('accounts')).toBe(1);
  });

  it('when they are swept later, then those that came to nothing are gone with the account', async () => {
    await claim('a');
    await claim('b');
    time += day + 1;
    expect(await accounts.sweepAbandoned()).toBeGreaterThan(0);
    expect([await stored('accounts'), await stored('registrations')]).toEqual([0, 0]);
  });

  it('when one was resumed since, then the account stays', async () => {
    const { userId } = await claim('a', 'first');
    time += day + 1;
    await claim('b', 'second');
    await accounts.sweepAbandoned();
    expect(await accounts.find(userId)).not.toBeNull();
    living.set(userId, 'b');
    expect(await signIn('second')).toMatchObject({ userId });
  });

  it('when one had made its user but died, then it is settled', async () => {
    const { userId } = await claim('a', 'first');
    living.set(userId, 'a');
    time += day + 1;
    expect(await accounts.sweepAbandoned()).toBe(1);
    expect(await stored('registrations')).toBe(0);
    expect(await signIn('first')).toMatchObject({ userId });
  });

  it('when its user was deleted, then the rest is erased', async () => {
    const { userId } = await claim('a');
    living.set(userId, 'a');
    deleted.add(userId);
    time += day + 1;
    expect(await accounts.sweepAbandoned()).toBe(1);
    expect([await stored('accounts'), await stored('registrations')]).toEqual([0, 0]);
  });

  it('when one was late and left its password with a settled user, then that is dropped', async () => {
    const userId = await register();
    const late = await documents.collection<Document & { userId: string; at: number }>({
      name: 'registrations',
      indexes: [],
    });
    await late.insertOne({ _id: `${userId}:late`, userId, at: time });
    await late.insertOne({ _id: 'gone:late', userId: 'gone', at: time });
    time += day + 1;
    expect(await accounts.sweepAbandoned()).toBe(2);
    expect(await stored('registrations')).toBe(0);
    expect(await signIn()).toMatchObject({ userId });
  });

  it('when there are more than a batch, then the rest follows', async () => {
    for (let i = 0; i < 5; i += 1) await claim('a', 'x', `${i}@example.com`);
    time += day + 1;
    while ((await accounts.sweepAbandoned(2)) > 0);
    expect([await stored('accounts'), await stored('registrations')]).toEqual([0, 0]);
  });
});

describe('given many accounts', () => {
  const addresses = ['bob@x.org', 'ann@x.org', 'Ann@x.org', 'anna@x.org', 'ANTON@x.org', 'ärger@x.org', '_%@x.org'];

  async function search(prefix: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await accounts.searchByEmailPrefix(app, prefix, after, limit);
      expect(page.accounts.length).toBeLessThanOrEqual(limit);
      found.push(...page.accounts.map((account) => account.email));
      if (page.next === null) return found;
      after = page.next;
    }
  }

  it.each([1, 2, 3, 100])('when they are searched by %i a page, then each is found once, in order', async (limit) => {
    for (const address of addresses) await claim('a', 'x', address);
    await accounts.claimEmail({ app: 'other', email: 'ann@x.org', password: 'x', attempt: 'a', newUserId: newId() });
    expect(await search('an', limit)).toEqual(['Ann@x.org', 'ann@x.org', 'anna@x.org', 'ANTON@x.org']);
    expect(await search('ANN@x.org', limit)).toEqual(['Ann@x.org', 'ann@x.org']);
    expect(await accounts.searchByEmailPrefix(app, 'b', Buffer.from('a').toString('base64url'), 9)).toMatchObject({
      accounts: [{ email: 'bob@x.org' }],
    });
    expect(await search('ÄR', limit)).toEqual(['ärger@x.org']);
    expect(await search('_', limit)).toEqual(['_%@x.org']);
    expect(await search('%', limit)).toEqual([]);
    expect(await search('zzz', limit)).toEqual([]);
    expect((await search('', limit)).sort()).toEqual([...addresses].sort());
  });

  it('when a cursor is made up, then it is a place like any other', async () => {
    await claim('a', 'x', 'ann@x.org');
    expect(await accounts.searchByEmailPrefix(app, '', '!!', 9)).toMatchObject({ next: null });
  });

  it('when they are found by id, then those that are missing are left out', async () => {
    const { userId } = await claim('a');
    expect((await accounts.findByIds([userId, 'nobody'])).map((account) => account.userId)).toEqual([userId]);
    expect(await accounts.findByIds([])).toEqual([]);
  });
});
