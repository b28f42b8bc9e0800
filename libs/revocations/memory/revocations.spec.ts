import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Revocation, RevocationsUnavailable, type Subject } from '#libs/revocations';
import { MemoryRevocations } from './revocations.js';

const lifeMs = 1000;
const user = (userId: string): Subject => ({ app: 'app', userId });

function setAt(start: number) {
  const clock = { time: start };
  return { clock, set: new MemoryRevocations({ lifeMs, now: () => clock.time }) };
}

describe('given facts that were raised', () => {
  it('when less than a token life has passed, then they are held; afterwards they are forgotten', async () => {
    const { clock, set } = setAt(0);
    await set.raise([
      { subject: user('a'), watermark: 1, at: 0 },
      { subject: user('a'), sid: 's', at: 0 },
    ]);
    clock.time = 999;
    await set.status();
    const { entries } = await set.lookUp([user('a')]);
    expect(entries).toEqual([{ watermark: 1, at: 0, deadSessions: new Set(['s']) }]);
    clock.time = 1000;
    await set.status();
    await expect(set.lookUp([user('a')])).resolves.toMatchObject({ entries: [null] });
  });

  it('when a watermark rises later, then only what is older is forgotten', async () => {
    const { clock, set } = setAt(0);
    await set.raise([
      { subject: user('a'), sid: 's', at: 0 },
      { subject: user('a'), watermark: 1, at: 0 },
    ]);
    clock.time = 600;
    await set.raise([{ subject: user('a'), watermark: 2, at: 600 }]);
    clock.time = 1000;
    await set.status();
    await expect(set.lookUp([user('a')])).resolves.toMatchObject({
      entries: [{ watermark: 2, at: 600, deadSessions: new Set() }],
    });
  });

  it('when any time passes between any facts, then each rise is held for a token life', async () => {
    const step = fc.record({ afterMs: fc.nat(700), watermark: fc.integer({ min: 1, max: 9 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, set } = setAt(0);
        const height = async () => (await set.lookUp([user('a')])).entries[0]?.watermark ?? 0;
        const rises: { readonly until: number; readonly watermark: number }[] = [];
        for (const { afterMs, watermark } of steps) {
          clock.time += afterMs;
          await set.status();
          if (watermark > (await height())) rises.push({ until: clock.time + lifeMs, watermark });
          await set.raise([{ subject: user('a'), watermark, at: 1 }]);
          const held = rises.filter(({ until }) => until > clock.time).map((rise) => rise.watermark);
          await expect(height()).resolves.toBe(Math.max(...held));
        }
      }),
    );
  });

  it('when a hundred thousand come and go, then none is left', async () => {
    const { clock, set } = setAt(0);
    for (let index = 0; index < 100_000; index += 1) {
      clock.time = index;
      await set.raise([{ subject: user(String(index)), watermark: 1, at: index }]);
    }
    clock.time += lifeMs;
    await set.status();
    const { entries } = await set.lookUp(Array.from({ length: 100_000 }, (_, index) => user(String(index))));
    expect(entries.every((entry) => entry === null)).toBe(true);
  });
});

describe('given a feed position of another life of the process', () => {
  it('when the feed is read after it, then it starts at the beginning', async () => {
    const [earlier, later] = [setAt(0).set, setAt(0).set];
    const facts = [1, 2, 3].map((watermark): Revocation => ({ subject: user('a'), watermark, at: 0 }));
    for (const set of [earlier, later]) await set.raise(facts);
    const first = await earlier.feed(null, new AbortController().signal)[Symbol.asyncIterator]().next();
    const position = first.done === true ? null : (first.value.items.at(-1)?.position ?? null);
    const again = await later.feed(position, new AbortController().signal)[Symbol.asyncIterator]().next();
    expect(again.value.items).toHaveLength(3);
  });
});

describe('given a closed set', () => {
  it('when it is asked, then it is unavailable', async () => {
    const { set } = setAt(0);
    await set.close();
    await expect(set.lookUp([user('a')])).rejects.toBeInstanceOf(RevocationsUnavailable);
    await expect(set.raise([])).rejects.toBeInstanceOf(RevocationsUnavailable);
    await expect(set.ping()).rejects.toMatchObject({ code: 'revocations-unavailable' });
  });
});
