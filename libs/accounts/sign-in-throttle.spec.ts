import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { type SignInAttempt, SignInThrottle } from './sign-in-throttle.js';

const hour = 3_600_000;
let folder: string;
let database: ReturnType<typeof openSqlite>;
let documents: SqliteDocuments;
let time: number;
let throttle: SignInThrottle;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  documents = new SqliteDocuments(database);
  time = Date.UTC(2025, 0, 1);
  throttle = await SignInThrottle.open(documents, { now: () => time });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function attempt(change: Partial<SignInAttempt> = {}): SignInAttempt {
  return { app: 'myapp', email: 'ann@example.com', address: '192.0.2.7', ...change };
}

async function fail(times: number, change: (index: number) => Partial<SignInAttempt> = () => ({})): Promise<void> {
  for (let i = 0; i < times; i += 1) await throttle.failed(attempt(change(i)));
}

/** Failures against one account, each from another address. */
const fromAnywhere = (index: number) => ({ address: `198.51.100.${index}` });
/** Failures from one address, each against another account. */
const againstAnyone = (index: number) => ({ email: `${index}@example.com` });

describe('given failures against one account', () => {
  it('when five are used up, then the waits double from 1 s to 60 s, from wherever the attempt comes', async () => {
    await fail(4, fromAnywhere);
    expect(await throttle.check(attempt())).toBeNull();
    const waits: number[] = [];
    for (let i = 4; i < 13; i += 1) {
      await throttle.failed(attempt(fromAnywhere(i)));
      const slowed = await throttle.check(attempt());
      waits.push(slowed?.retryAfterMs ?? 0);
      time += waits.at(-1) ?? 0;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('when a wait is over, then one attempt goes on, of however many come at once', async () => {
    await fail(7, fromAnywhere);
    time += 3_999;
    expect(await throttle.check(attempt())).toEqual({ retryAfterMs: 1 });
    time += 1;
    const checks = await Promise.all(Array.from({ length: 20 }, (_, i) => throttle.check(attempt(fromAnywhere(i)))));
    expect(checks.filter((check) => check === null)).toHaveLength(1);
    expect(await throttle.check(attempt())).toEqual({ retryAfterMs: 4_000 });
  });

  it('when others fail too, then only this account is slowed', async () => {
    await fail(9, fromAnywhere);
    expect(await throttle.check(attempt())).not.toBeNull();
    expect(await throttle.check(attempt({ email: 'Ann@example.com' }))).toBeNull();
    expect(await throttle.check(attempt({ app: 'other' }))).toBeNull();
  });

  it('when they come at once, then each counts', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => throttle.failed(attempt(fromAnywhere(i)))));
    const [account] = await stored();
    expect(account).toMatchObject({ failures: 30 });
  });

  it('when one succeeds, then the count begins anew', async () => {
    await fail(6, fromAnywhere);
    time += 2000;
    expect(await throttle.check(attempt())).toBeNull();
    await throttle.succeeded(attempt());
    await fail(4, fromAnywhere);
    expect(await throttle.check(attempt())).toBeNull();
  });

  it('when a day passes without one, then they are forgotten', async () => {
    await fail(9, fromAnywhere);
    time += 24 * hour;
    expect(await throttle.check(attempt())).toBeNull();
    await fail(4, fromAnywhere);
    expect(await throttle.check(attempt())).toBeNull();
  });
});

describe('given failures from one address', () => {
  it('when twenty are used up, then it waits, whatever the account', async () => {
    await fail(19, againstAnyone);
    expect(await throttle.check(attempt())).toBeNull();
    await fail(1, againstAnyone);
    expect(await throttle.check(attempt())).toEqual({ retryAfterMs: 1000 });
    expect(await throttle.check(attempt({ address: '192.0.2.8' }))).toBeNull();
    time += 1000;
    expect(await throttle.check(attempt())).toBeNull();
  });

  it('when one succeeds, then the address keeps its count', async () => {
    await fail(20, againstAnyone);
    await throttle.succeeded(attempt());
    expect(await throttle.check(attempt())).toEqual({ retryAfterMs: 1000 });
  });

  it('when they come from one IPv6 network, then they count as one', async () => {
    await fail(20, (i) => ({ ...againstAnyone(i), address: `2001:db8::${i.toString(16)}` }));
    expect(await throttle.check(attempt({ address: '2001:db8:0:0:9::' }))).toEqual({ retryAfterMs: 1000 });
    expect(await throttle.check(attempt({ address: '2001:db8:0:1::' }))).toBeNull();
  });
});

describe('given what is stored', () => {
  it('when it is looked at, then it names nobody', async () => {
    await fail(1);
    const text = JSON.stringify(await stored());
    expect(text).not.toContain('ann');
    expect(text).not.toContain('192.0.2.7');
  });

  it('when it is swept, then what is forgotten goes, and the rest stays', async () => {
    await fail(5, fromAnywhere);
    time += hour;
    await fail(1);
    expect(await throttle.sweep(2)).toBe(5);
    expect(await stored()).toHaveLength(2);
    expect(await throttle.check(attempt())).not.toBeNull();
  });

  it('when nobody has failed, then nothing is written', async () => {
    await throttle.check(attempt());
    await throttle.succeeded(attempt());
    expect(await stored()).toEqual([]);
  });
});

async function stored(): Promise<Document[]> {
  const collection = await documents.collection<Document>({ name: 'sign_in_failures', indexes: [] });
  return collection.find({}, { sort: { _id: 1 }, limit: 100 });
}
