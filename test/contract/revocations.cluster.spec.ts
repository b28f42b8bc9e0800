import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { FeedBatch, Subject } from '#libs/revocations';
import { RedisRevocations } from '#libs/revocations/redis';
import { eventually } from '../support/eventually.js';
import { describeRevocations } from './revocations.contract.js';

describeRevocations('Redis', async () => {
  const settings = { url: process.env.REDIS_URL ?? '', keyPrefix: `test-${randomUUID()}:`, lifeMs: () => 60_000 };
  const open = async () => {
    const set = new RedisRevocations(settings);
    await set.connected();
    return set;
  };
  const set = await open();
  const others: RedisRevocations[] = [];
  const behind = new Redis(settings.url);
  const forget = async () => {
    const keys = await behind.keys(`${settings.keyPrefix}*`);
    if (keys.length > 0) await behind.del(keys);
  };
  return {
    set,
    secondHandle: async () => {
      const other = await open();
      others.push(other);
      return other;
    },
    forget,
    close: async () => {
      for (const one of [set, ...others]) await one.close();
      await forget();
      behind.disconnect();
    },
  };
});

describe('given facts on Redis that have been kept for the life of a token', () => {
  const url = process.env.REDIS_URL ?? '';
  const user = (userId: string): Subject => ({ app: 'app', userId });
  let opened: RedisRevocations[] = [];
  let keyPrefix: string;
  beforeEach(() => {
    keyPrefix = `test-${randomUUID()}:`;
  });
  afterEach(async () => {
    for (const set of opened) await set.close();
    opened = [];
    const behind = new Redis(url);
    await behind.del(`${keyPrefix}meta`, ...(await behind.keys(`${keyPrefix}*`)));
    behind.disconnect();
  });
  const setFor = async (lifeMs: number) => {
    const set = new RedisRevocations({ url, keyPrefix, lifeMs: () => lifeMs });
    await set.connected();
    opened.push(set);
    return set;
  };
  const entryOf = async (set: RedisRevocations, userId: string) => (await set.lookUp([user(userId)])).entries[0];

  it('when that has passed, then they are forgotten', async () => {
    const set = await setFor(200);
    await set.raise([{ subject: user('a'), watermark: 1, at: 1 }]);
    await expect(entryOf(set, 'a')).resolves.toMatchObject({ watermark: 1 });
    await eventually(async () => (await entryOf(set, 'a')) === null);
  });

  it('when another session dies, then those whose time has passed are left out', async () => {
    const set = await setFor(300);
    await set.raise([{ subject: user('a'), sid: 's 1%', at: 1 }]);
    await expect(entryOf(set, 'a')).resolves.toMatchObject({ deadSessions: new Set(['s 1%']) });
    const long = await setFor(60_000);
    await long.raise([{ subject: user('a'), watermark: 2, at: 2 }]);
    await eventually(async () => {
      await long.raise([{ subject: user('a'), sid: 's2', at: 1 }]);
      return (await entryOf(set, 'a'))?.deadSessions.has('s 1%') === false;
    });
    await expect(entryOf(set, 'a')).resolves.toEqual({ watermark: 2, at: 2, deadSessions: new Set(['s2']) });
  });

  it('when a process with a shorter life tells them again, then they are kept for the longer one', async () => {
    const [long, short] = [await setFor(60_000), await setFor(100)];
    const told = [
      { subject: user('a'), watermark: 1, at: 1 },
      { subject: user('a'), sid: 's', at: 1 },
    ];
    await long.raise(told);
    await short.raise([...told, { subject: user('a'), watermark: 2, at: 2 }]);
    await short.raise([{ subject: user('b'), watermark: 1, at: 1 }]);
    await eventually(async () => (await entryOf(short, 'b')) === null);
    await expect(entryOf(short, 'a')).resolves.toEqual({ watermark: 2, at: 2, deadSessions: new Set(['s']) });
  });

  it('when a reader of the feed comes back after some were dropped, then it is told to begin again, and does', async () => {
    const set = await setFor(100);
    const facts = (from: number) =>
      Array.from({ length: 500 }, (_, index) => ({ subject: user(String(from + index)), watermark: 1, at: 1 }));
    await set.raise(facts(0));
    const generation = await set.declareWhole(new Map());
    const abort = new AbortController();
    let position: string | null = null;
    for await (const { items } of set.feed(null, abort.signal)) {
      position = items[0]?.position ?? null;
      break;
    }
    await eventually(async () => (await entryOf(set, '499')) === null);
    await set.raise(facts(500));
    const batches: FeedBatch[] = [];
    for await (const batch of set.feed(position, abort.signal)) {
      if (batches.push(batch) === 2) break;
    }
    expect(batches[0]).toMatchObject({ generation: null, items: [] });
    expect(batches[1]?.generation).toBe(generation);
    expect(batches[1]?.items.length).toBeGreaterThanOrEqual(500);
    expect(batches[1]?.items.length).toBeLessThan(1_000);
  });
});
