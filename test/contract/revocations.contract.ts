import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type FeedBatch,
  merge,
  type Revocation,
  type RevocationEntry,
  type Revocations,
  type Subject,
  subjectKey,
} from '#libs/revocations';
import { eventually } from '../support/eventually.js';

/** An adapter as the suite needs it: an empty set, cold, that keeps facts for longer than a test. */
export interface RevocationsUnderTest {
  readonly set: Revocations;
  /** Another client of the same set; closed by `close`. */
  secondHandle(): Promise<Revocations>;
  /** Empties the set behind its clients' backs, as an emptied server. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

const user = (userId: string, app = 'app'): Subject => ({ app, userId });
const wholeApp = (app = 'app'): Subject => ({ app, userId: null });
const raised = (subject: Subject, watermark: number, at = watermark * 1000): Revocation => ({ subject, watermark, at });
const dead = (subject: Subject, sid: string, at = 1000): Revocation => ({ subject, sid, at });
const entry = (watermark: number, at: number, sids: readonly string[] = []): RevocationEntry => ({
  watermark,
  at,
  deadSessions: new Set(sids),
});

/** What every adapter of `Revocations` promises. Each test has a set of its own. */
export function describeRevocations(adapter: string, open: () => Promise<RevocationsUnderTest>): void {
  describe(`revocations on ${adapter}`, () => {
    let under: RevocationsUnderTest;
    let set: Revocations;
    let aborts: AbortController[] = [];
    beforeEach(async () => {
      under = await open();
      set = under.set;
    });
    afterEach(async () => {
      for (const abort of aborts) abort.abort();
      aborts = [];
      await under.close();
    });

    const held = async (...subjects: readonly Subject[]) => (await set.lookUp(subjects)).entries;
    /** Reads the feed until told otherwise. */
    const follow = (after: string | null, from: Revocations = set) => {
      const abort = new AbortController();
      aborts.push(abort);
      const batches: FeedBatch[] = [];
      const ended = (async () => {
        for await (const batch of from.feed(after, abort.signal)) batches.push(batch);
      })();
      const items = () => batches.flatMap((batch) => batch.items);
      return { batches, items, ended, abort };
    };

    describe('given facts', () => {
      it('when one was raised, then the next look-up sees it, by its subject alone', async () => {
        await set.raise([raised(user('a'), 3)]);
        await expect(held(user('a'), user('b'), user('a', 'other'), wholeApp())).resolves.toEqual([
          entry(3, 3000),
          null,
          null,
          null,
        ]);
      });

      it('when an app is raised, then it is held against the app and not its users', async () => {
        await set.raise([raised(wholeApp(), 2)]);
        await expect(held(wholeApp(), user('a'))).resolves.toEqual([entry(2, 2000), null]);
      });

      it('when a lower watermark follows, then the higher stays', async () => {
        await set.raise([raised(user('a'), 5)]);
        await set.raise([raised(user('a'), 4)]);
        await expect(held(user('a'))).resolves.toEqual([entry(5, 5000)]);
      });

      it('when versions have many digits, then they are compared as numbers', async () => {
        await set.raise([raised(user('a'), 9), raised(user('b'), 10)]);
        await set.raise([raised(user('a'), 10), raised(user('b'), 9)]);
        await expect(held(user('a'), user('b'))).resolves.toEqual([entry(10, 10_000), entry(10, 10_000)]);
      });

      it('when sessions die, then all of them are held beside the watermark', async () => {
        await set.raise([dead(user('a'), 's1'), dead(user('b'), 's3')]);
        await set.raise([dead(user('a'), 's2'), raised(user('a'), 7)]);
        await expect(held(user('a'), user('b'))).resolves.toEqual([entry(7, 7000, ['s1', 's2']), entry(0, 0, ['s3'])]);
      });

      it('when subjects have awkward names, then none is taken for another', async () => {
        const awkward = [
          user('alias|sub/x'),
          user('x', 'app/alias|sub'),
          user('é😀 :,"\\'),
          user('b', 'a'),
          wholeApp('a/b'),
          wholeApp('a'),
          wholeApp('a%2Fb'),
          user('1', 'a%'),
        ];
        await set.raise(awkward.map((subject, index) => raised(subject, index + 1)));
        await expect(held(...awkward)).resolves.toEqual(
          awkward.map((_, index) => entry(index + 1, (index + 1) * 1000)),
        );
      });

      it('when none or very many are asked, then as many are answered', async () => {
        await expect(held()).resolves.toEqual([]);
        await set.raise([]);
        const many = Array.from({ length: 2000 }, (_, index) => user(String(index)));
        await set.raise(many.map((subject) => raised(subject, 1)));
        const entries = await held(...many, user('stranger'));
        expect(entries.filter((found) => found?.watermark === 1)).toHaveLength(2000);
        expect(entries.at(-1)).toBeNull();
      });

      it('when one client has raised, then every look-up of another that begins afterwards sees it', async () => {
        const second = await under.secondHandle();
        for (let version = 1; version <= 100; version += 1) {
          await set.raise([raised(user('a'), version)]);
          const { entries } = await second.lookUp([user('a')]);
          expect(entries[0]?.watermark).toBe(version);
        }
      });
    });

    it('given facts told by two clients at once, in any order and repeatedly, then the highest and every session hold', async () => {
      const second = await under.secondHandle();
      const fact = fc.oneof(
        fc.record({ watermark: fc.integer({ min: 1, max: 50 }), at: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ sid: fc.constantFrom('s1', 's2', 's3', 's4'), at: fc.constant(1) }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fact, { minLength: 1, maxLength: 40 }),
          fc.array(fc.nat()),
          async (facts, repeats) => {
            run += 1;
            const subject = user(`racing-${run}`);
            const told = [...facts, ...repeats.flatMap((at) => facts[at % facts.length] ?? [])].map((one) => ({
              subject,
              ...one,
            }));
            await Promise.all(told.map((one, index) => (index % 2 === 0 ? set : second).raise([one])));
            const expected = told.reduce<RevocationEntry | null>((all, one) => merge(all, one), null);
            await expect(held(subject)).resolves.toEqual([expected]);
          },
        ),
        { numRuns: 30 },
      );
    });

    describe('given a set that was never declared whole', () => {
      it('when it is asked, then it says that it is cold, and still gives what it has', async () => {
        await set.raise([raised(user('a'), 1)]);
        await expect(set.status()).resolves.toEqual({ generation: null, positions: new Map() });
        await expect(set.lookUp([user('a'), user('b')])).resolves.toEqual({
          generation: null,
          entries: [entry(1, 1000), null],
        });
        await expect(set.lookUp([user('b')])).resolves.toMatchObject({ generation: null });
      });

      it('when someone says how far it has followed, then it must be rebuilt', async () => {
        await expect(set.advance('a generation', new Map([[0, 5]]))).resolves.toBe(false);
        await expect(set.status()).resolves.toMatchObject({ generation: null });
      });
    });

    describe('given a whole set', () => {
      let generation: string;
      beforeEach(async () => {
        generation = await set.declareWhole(
          new Map([
            [0, 10],
            [1, 20],
          ]),
        );
      });

      it('when it is asked, by any client, then it answers with its generation', async () => {
        const second = await under.secondHandle();
        const positions = new Map([
          [0, 10],
          [1, 20],
        ]);
        await expect(set.status()).resolves.toEqual({ generation, positions });
        await expect(second.status()).resolves.toEqual({ generation, positions });
        await expect(second.lookUp([user('a')])).resolves.toEqual({ generation, entries: [null] });
        await set.raise([raised(user('a'), 1)]);
        await expect(second.lookUp([user('a')])).resolves.toEqual({ generation, entries: [entry(1, 1000)] });
      });

      it('when it follows further, then the status says how far, and a partition never goes back', async () => {
        await expect(set.advance(generation, new Map([[1, 25]]))).resolves.toBe(true);
        await expect(set.advance(generation, new Map([[2, 1]]))).resolves.toBe(true);
        await expect(set.advance(generation, new Map([[0, 3]]))).resolves.toBe(true);
        await expect(set.status()).resolves.toEqual({
          generation,
          positions: new Map([
            [0, 10],
            [1, 25],
            [2, 1],
          ]),
        });
      });

      it('when it is declared whole again, then it is another generation, and the old one must be rebuilt', async () => {
        await set.raise([raised(user('a'), 1)]);
        const next = await set.declareWhole(new Map([[0, 30]]));
        expect(next).not.toBe(generation);
        await expect(set.advance(generation, new Map([[0, 40]]))).resolves.toBe(false);
        await expect(set.status()).resolves.toEqual({ generation: next, positions: new Map([[0, 30]]) });
        await expect(set.lookUp([user('a')])).resolves.toEqual({ generation: next, entries: [entry(1, 1000)] });
        await expect(set.lookUp([user('b')])).resolves.toEqual({ generation: next, entries: [null] });
      });

      it('when it is emptied, then it is cold in the very answer that lacks a fact', async () => {
        await set.raise([raised(user('a'), 1)]);
        await under.forget();
        await expect(set.lookUp([user('a')])).resolves.toEqual({ generation: null, entries: [null] });
        await expect(set.status()).resolves.toEqual({ generation: null, positions: new Map() });
        await expect(set.advance(generation, new Map([[0, 11]]))).resolves.toBe(false);
      });
    });

    describe('given the feed', () => {
      it('when it is read from the start, then it gives every fact in order, then each new one', async () => {
        const told = [raised(user('a'), 1), dead(user('b'), 's1'), raised(wholeApp(), 2)];
        await set.raise(told);
        const feed = follow(null);
        await eventually(() => feed.items().length >= 3);
        expect(feed.items().map((item) => item.revocation)).toEqual(told);
        await (await under.secondHandle()).raise([raised(user('a'), 9)]);
        await eventually(() => feed.items().length >= 4);
        expect(feed.items().at(-1)?.revocation).toEqual(raised(user('a'), 9));
      });

      it('when it is read after a position, then it goes on from there', async () => {
        await set.raise([raised(user('a'), 1), raised(user('a'), 2), raised(user('a'), 3)]);
        const first = follow(null);
        await eventually(() => first.items().length >= 3);
        const second = follow(first.items()[1]?.position ?? null);
        await eventually(() => second.items().length >= 1);
        expect(second.items().map((item) => item.revocation)).toEqual([raised(user('a'), 3)]);
      });

      it('when there are very many facts, then all of them are given, none twice', async () => {
        const told = Array.from({ length: 2500 }, (_, index) => raised(user(String(index)), 1));
        await set.raise(told);
        const feed = follow(null);
        await eventually(() => feed.items().length >= 2500);
        expect(feed.items().map((item) => item.revocation)).toEqual(told);
        expect(new Set(feed.items().map((item) => item.position)).size).toBe(2500);
      });

      it('when nothing happens, then it says so every second, and how fresh that is', async () => {
        const started = Date.now();
        const feed = follow(null);
        await eventually(() => feed.batches.length >= 4);
        expect(Date.now() - started).toBeLessThan(4500);
        for (const batch of feed.batches) {
          expect(batch.items).toEqual([]);
          expect(batch.at).toBeGreaterThanOrEqual(started);
          expect(batch.at).toBeLessThanOrEqual(Date.now());
        }
      });

      it('when the set becomes whole, or is emptied, then the feed says so', async () => {
        const feed = follow(null);
        await eventually(() => feed.batches.at(-1)?.generation === null);
        const generation = await set.declareWhole(new Map([[0, 1]]));
        await eventually(() => feed.batches.at(-1)?.generation === generation);
        await under.forget();
        await eventually(() => feed.batches.at(-1)?.generation === null);
      });

      it('when it is followed while two clients raise at once, then it makes the same set', async () => {
        const second = await under.secondHandle();
        const feed = follow(null);
        const subjects = Array.from({ length: 10 }, (_, index) => user(String(index)));
        await Promise.all(
          subjects.flatMap((subject) =>
            [3, 1, 4, 2, 5].map((watermark, index) =>
              (index % 2 === 0 ? set : second).raise([raised(subject, watermark)]),
            ),
          ),
        );
        const copy = () => {
          const entries = new Map<string, RevocationEntry>();
          for (const { revocation } of feed.items()) {
            const key = subjectKey(revocation.subject);
            entries.set(key, merge(entries.get(key) ?? null, revocation));
          }
          return subjects.map((subject) => entries.get(subjectKey(subject)) ?? null);
        };
        await eventually(() => copy().every((found) => found?.watermark === 5));
        await expect(held(...subjects)).resolves.toEqual(copy());
      });

      it('when its reader lets go, then it ends', async () => {
        const feed = follow(null);
        await eventually(() => feed.batches.length > 0);
        feed.abort.abort();
        await expect(feed.ended).resolves.toBeUndefined();
      });
    });

    it('given an open set, when it is pinged, then it answers', async () => {
      await expect(set.ping()).resolves.toBeUndefined();
    });
  });
}
