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
  for (let i = 0; i < times; i += 1) {
    expect(await throttle.guard(attempt(change(i)), async () => null)).toEqual({ outcome: 'checked', found: null });
  }
}

async function succeed(change: Partial<SignInAttempt> = {}): Promise<void> {
  expect(await throttle.guard(attempt(change), async () => 'ann')).toEqual({ outcome: 'checked', found: 'ann' });
}

/** How long an attempt would have to wait (ms); 0 when it would be let through. It leaves no trace. */
async function waits(change: Partial<SignInAttempt> = {}): Promise<number> {
  class LetThrough extends Error {}
  const letThrough = () => Promise.reject(new LetThrough());
  try {
    const guarded = await throttle.guard(attempt(change), letThrough);
    return guarded.outcome === 'slowed' ? guarded.retryAfterMs : Number.NaN;
  } catch (error) {
    if (error instanceof LetThrough) return 0;
    throw error;
  }
}

/** Failures against one account, each from another address. */
const fromAnywhere = (index: number) => ({ address: `198.51.100.${index}` });
/** Failures from one address, each against another account. */
const againstAnyone = (index: number) => ({ email: `${index}@example.com` });

describe('given failures against one account', () => {
  it('when five are used up, then the waits double from 1 s to 60 s, from wherever the attempt comes', async () => {
    await fail(4, fromAnywhere);
    expect(await waits()).toBe(0);
    const all: number[] = [];
    for (let i = 4; i < 13; i += 1) {
      await fail(1, () => fromAnywhere(i));
      all.push(await waits());
      time += all.at(-1) ?? 0;
    }
    expect(all).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('when a wait is not over yet, then the attempt is not even looked at', async () => {
    await fail(5, fromAnywhere);
    time += 999;
    expect(await waits()).toBe(1);
    time += 1;
    expect(await waits()).toBe(0);
  });

  it('when others fail too, then only this account is slowed', async () => {
    await fail(5, fromAnywhere);
    expect(await waits()).toBe(1000);
    expect(await waits({ email: 'Ann@example.com' })).toBe(0);
    expect(await waits({ app: 'other' })).toBe(0);
  });

  it('when one succeeds, then the count begins anew', async () => {
    await fail(5, fromAnywhere);
    time += 1000;
    await succeed();
    await fail(4, fromAnywhere);
    expect(await waits()).toBe(0);
  });

  it('when a day passes without one, then they are forgotten', async () => {
    await fail(5, fromAnywhere);
    time += 24 * hour;
    expect(await waits()).toBe(0);
    await fail(4, fromAnywhere);
    expect(await waits()).toBe(0);
  });
});

describe('given failures from one address', () => {
  it('when twenty are used up, then it waits, whatever the account', async () => {
    await fail(19, againstAnyone);
    expect(await waits()).toBe(0);
    await fail(1, againstAnyone);
    expect(await waits()).toBe(1000);
    expect(await waits({ address: '192.0.2.8' })).toBe(0);
    time += 1000;
    expect(await waits()).toBe(0);
  });

  it('when some succeed, then the address keeps its count, and does not wait for them', async () => {
    await fail(19, againstAnyone);
    await succeed();
    await fail(1, againstAnyone);
    expect(await waits()).toBe(1000);
    time += 1000;
    for (let i = 0; i < 3; i += 1) await succeed();
    await fail(1, againstAnyone);
    expect(await waits()).toBe(2000);
  });

  it('when one succeeds much later, then the failures are not remembered for longer', async () => {
    await fail(19, againstAnyone);
    time += hour - 1;
    await succeed();
    time += 1;
    await fail(1, againstAnyone);
    expect(await waits()).toBe(0);
  });

  it('when they come from one IPv6 network, then they count as one', async () => {
    await fail(20, (i) => ({ ...againstAnyone(i), address: `2001:db8::${i.toString(16)}` }));
    expect(await waits({ address: '2001:db8:0:0:9::' })).toBe(1000);
    expect(await waits({ address: '2001:db8:0:1::' })).toBe(0);
  });
});

describe('given attempts that come at once', () => {
  /** Sends wrong passwords to so many processes, all at once; gives how many were checked, and how many were told. */
  async function guess(attempts: readonly SignInAttempt[], processes: number) {
    const throttles = await Promise.all(
      Array.from({ length: processes }, () => SignInThrottle.open(documents, { now: () => time })),
    );
    let checked = 0;
    const check = async () => {
      checked += 1;
      return null;
    };
    const guarded = await Promise.all(
      attempts.map((one, i) => (throttles[i % processes] ?? throttle).guard(one, check)),
    );
    return { checked, told: guarded.filter(({ outcome }) => outcome === 'checked').length };
  }
  const atOneAccount = (count: number) => Array.from({ length: count }, (_, i) => attempt(fromAnywhere(i)));
  const fromOneAddress = (count: number) => Array.from({ length: count }, (_, i) => attempt(againstAnyone(i)));

  it.each([1, 3, 150])('when 150 are at one account, over %i processes, then five are told', async (processes) => {
    const { checked, told } = await guess(atOneAccount(150), processes);
    expect(told).toBe(5);
    expect(checked).toBeLessThan(5 + processes);
    expect(await waits()).toBe(1000);
  });

  it.each([1, 3, 150])('when 150 are from one address, over %i processes, then twenty are told', async (processes) => {
    const { checked, told } = await guess(fromOneAddress(150), processes);
    expect(told).toBe(20);
    expect(checked).toBeLessThan(20 + 4 * processes);
    expect(await waits()).toBe(1000);
  });

  it.each([1, 20])('when a wait for the account is over, then one goes on, over %i processes', async (processes) => {
    await fail(5, fromAnywhere);
    time += 1000;
    expect(await guess(atOneAccount(20), processes)).toEqual({ checked: 1, told: 1 });
    expect(await waits()).toBe(2000);
  });

  it.each([1, 20])('when a wait for the address is over, then one goes on, over %i processes', async (processes) => {
    await fail(20, againstAnyone);
    time += 1000;
    expect(await guess(fromOneAddress(20), processes)).toEqual({ checked: 1, told: 1 });
    expect(await waits()).toBe(2000);
  });

  it.each([
    ['the account', fromAnywhere, 5],
    ['the address', againstAnyone, 20],
  ])('when a right password is found after %s is used up, then that is not told', async (_name, change, free) => {
    const other = await SignInThrottle.open(documents, { now: () => time });
    const late = await other.guard(attempt(), async () => {
      await fail(free, change);
      return 'ann';
    });
    expect(late).toEqual({ outcome: 'slowed', retryAfterMs: 1000 });
    expect(await waits()).toBe(1000);
  });

  it('when their passwords are right, then each is let in', async () => {
    await fail(4);
    await Promise.all(Array.from({ length: 30 }, () => succeed()));
    await Promise.all(Array.from({ length: 60 }, (_, i) => succeed(againstAnyone(i))));
  });

  it('when more come than can wait, then those are told to come again', async () => {
    const guarded = await Promise.all(Array.from({ length: 202 }, () => throttle.guard(attempt(), async () => 'ann')));
    expect(guarded.filter(({ outcome }) => outcome === 'checked')).toHaveLength(201);
    expect(guarded.at(-1)).toEqual({ outcome: 'slowed', retryAfterMs: 1000 });
  });
});

describe('given a check that throws', () => {
  const busy = (change = {}) => throttle.guard(attempt(change), () => Promise.reject(new Error('busy')));

  it('when nobody has failed, then it is thrown on, and nothing is counted', async () => {
    for (let i = 0; i < 30; i += 1) await expect(busy()).rejects.toThrow('busy');
    expect(await stored()).toEqual([]);
  });

  it('when a wait let it through, then the next one is let through as well', async () => {
    await fail(5, fromAnywhere);
    await fail(15, againstAnyone);
    time += 1000;
    for (let i = 0; i < 3; i += 1) await expect(busy()).rejects.toThrow('busy');
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
    await fail(4, fromAnywhere);
    time += hour;
    await fail(1);
    expect(await throttle.sweep(2)).toBe(4);
    expect(await stored()).toHaveLength(2);
    expect(await waits()).toBe(1000);
  });

  it('when nobody has failed, then nothing is written', async () => {
    await succeed();
    expect(await stored()).toEqual([]);
  });
});

async function stored(): Promise<Document[]> {
  const collection = await documents.collection<Document>({ name: 'sign_in_failures', indexes: [] });
  return collection.find({}, { sort: { _id: 1 }, limit: 100 });
}
