import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Collection, type CollectionSpec, type Document, type Documents, DuplicateKey } from '#libs/documents';

/** An adapter as the suite needs it. */
export interface DocumentsUnderTest {
  readonly documents: Documents;
  /** Another client of the same store, so that writes race between two; closed by `close`. */
  secondHandle(): Promise<Documents>;
  close(): Promise<void>;
}

interface Thing extends Document {
  readonly app?: string | null;
  readonly name?: string | null;
  readonly count?: number | null;
  readonly active?: boolean | null;
  readonly labels?: { readonly [label: string]: string };
  readonly list?: readonly number[];
}

/** What every adapter of `Documents` promises. Collections get names of their own, so runs do not meet. */
export function describeDocuments(adapter: string, open: () => Promise<DocumentsUnderTest>): void {
  describe(`documents on ${adapter}`, () => {
    let under: DocumentsUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const specOf = (indexes: CollectionSpec<Thing>['indexes'] = []): CollectionSpec<Thing> => ({
      name: `t${randomUUID().replaceAll('-', '')}`,
      indexes,
    });
    const make = (indexes?: CollectionSpec<Thing>['indexes']) => under.documents.collection(specOf(indexes));
    const holding = async (things: readonly Thing[], indexes?: CollectionSpec<Thing>['indexes']) => {
      const collection = await make(indexes);
      for (const thing of things) await collection.insertOne(thing);
      return collection;
    };
    const ids = async (collection: Collection<Thing>, filter: Parameters<Collection<Thing>['find']>[0]) =>
      (await collection.find(filter, { limit: 100 })).map(({ _id }) => _id).sort();

    describe('given an inserted document', () => {
      it('when it is found by its id, then it is what was inserted', async () => {
        const thing = { _id: 'a/1', name: 'x', count: 1.5, active: true, labels: { k: 'v' }, list: [1, 2], app: null };
        const collection = await holding([thing]);
        await expect(collection.findOne({ _id: 'a/1' })).resolves.toEqual(thing);
      });

      it('when its collection is opened again, then it is still there', async () => {
        const spec = specOf([{ keys: { name: 1 }, unique: true }]);
        await (await under.documents.collection(spec)).insertOne({ _id: 'a' });
        await expect((await under.documents.collection(spec)).countDocuments({})).resolves.toBe(1);
      });

      it('when the id is inserted again, then it is a duplicate key and nothing changes', async () => {
        const collection = await holding([{ _id: 'a', count: 1 }]);
        const again = collection.insertOne({ _id: 'a', count: 2 });
        await expect(again).rejects.toBeInstanceOf(DuplicateKey);
        await expect(again).rejects.toMatchObject({ code: 'duplicate-key' });
        await expect(collection.findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a', count: 1 });
      });

      it('when a second client reads it, then it sees it', async () => {
        const spec = specOf();
        const [here, there] = [
          await under.documents.collection(spec),
          await (await under.secondHandle()).collection(spec),
        ];
        await here.insertOne({ _id: 'a', count: 7 });
        await expect(there.findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a', count: 7 });
      });
    });

    it('given any text, when it is stored, then it is found by it and comes back unchanged', async () => {
      const collection = await make([{ keys: { name: 1 } }]);
      const text = fc.string({ unit: 'binary', maxLength: 20 });
      const most = Number.MAX_SAFE_INTEGER;
      await fc.assert(
        fc.asyncProperty(text, fc.double({ min: -most, max: most, noNaN: true }), async (name, count) => {
          const _id = randomUUID();
          const thing = { _id, name, count: count === 0 ? 0 : count };
          await collection.insertOne(thing);
          await expect(collection.findOne({ _id, name, count: thing.count })).resolves.toEqual(thing);
        }),
        { numRuns: 100 },
      );
    });

    describe('given filters', () => {
      const things: readonly Thing[] = [
        { _id: 'a', app: 'one', count: 1, active: true },
        { _id: 'b', app: 'one', count: 2, active: false },
        { _id: 'c', app: 'two', count: 10 },
        { _id: 'd', app: null, count: null },
        { _id: 'e', labels: { k: 'v' } },
        { _id: 'f', app: '2' },
      ];
      const cases: readonly [string, Parameters<Collection<Thing>['find']>[0], string][] = [
        ['none', {}, 'abcdef'],
        ['equality', { app: 'one' }, 'ab'],
        ['several fields', { app: 'one', count: 2 }, 'b'],
        ['null, which matches a missing field too', { app: null }, 'de'],
        ['booleans, which are no numbers', { active: true }, 'a'],
        ['false', { active: false }, 'b'],
        ['an object', { labels: { k: 'v' } }, 'e'],
        ['$ne, which matches a missing field too', { app: { $ne: 'one' } }, 'cdef'],
        ['$ne null', { app: { $ne: null } }, 'abcf'],
        ['$in', { app: { $in: ['one', '2'] } }, 'abf'],
        ['$in of nothing', { app: { $in: [] } }, ''],
        ['$in with null', { app: { $in: [null, 'two'] } }, 'cde'],
        ['$in of ids', { _id: { $in: ['a', 'f', 'z'] } }, 'af'],
        ['$exists', { app: { $exists: true } }, 'abcdf'],
        ['$exists false', { app: { $exists: false } }, 'e'],
        ['$gt', { count: { $gt: 1 } }, 'bc'],
        ['$gte and $lt', { count: { $gte: 1, $lt: 10 } }, 'ab'],
        ['$lte', { count: { $lte: 2 } }, 'ab'],
        ['comparison of strings, never with numbers', { app: { $gt: '1' } }, 'abcf'],
        ['$lt of strings', { app: { $lt: 'p' } }, 'abf'],
        ['a range of ids', { _id: { $gt: 'a', $lte: 'c' } }, 'bc'],
        ['$ne of an id', { _id: { $ne: 'a' } }, 'bcdef'],
      ];
      for (const indexes of [[], [{ keys: { app: 1, count: -1 } }, { keys: { active: 1 } }] as const]) {
        const suffix = indexes.length === 0 ? 'without an index' : 'with indexes';
        describe(suffix, () => {
          let collection: Collection<Thing>;
          beforeAll(async () => {
            collection = await holding(things, indexes);
          });
          it.each(cases)('%s finds what MongoDB finds', async (_, filter, expected) => {
            await expect(ids(collection, filter)).resolves.toEqual(expected.split(''));
            await expect(collection.countDocuments(filter)).resolves.toBe(expected.length);
          });
        });
      }
    });

    describe('given an order', () => {
      it('when strings are sorted, then they go by code point', async () => {
        // U+FF5E comes before U+1F600 by code point and after it by UTF-16 unit.
        const names = ['b', 'B', 'a', 'é', '～', '😀', '', 'aa'];
        const collection = await holding(names.map((name, index) => ({ _id: String(index), name })));
        const sorted = await collection.find({}, { sort: { name: 1 }, limit: 100 });
        expect(sorted.map(({ name }) => name)).toEqual(['', 'B', 'a', 'aa', 'b', 'é', '～', '😀']);
      });

      it('when numbers are sorted, then they go by size and missing ones come first', async () => {
        const collection = await holding([
          { _id: 'a', count: 10 },
          { _id: 'b', count: 9 },
          { _id: 'c' },
          { _id: 'd', count: -0.5 },
        ]);
        const sorted = await collection.find({}, { sort: { count: 1 }, limit: 100 });
        expect(sorted.map(({ _id }) => _id)).toEqual(['c', 'd', 'b', 'a']);
      });

      it('when two fields are sorted both ways, then the second decides among equals, and the limit holds', async () => {
        const collection = await holding(
          [
            { _id: 'a', app: 'x', count: 1 },
            { _id: 'b', app: 'y', count: 1 },
            { _id: 'c', app: 'x', count: 2 },
          ],
          [{ keys: { app: 1, count: -1 } }],
        );
        const sorted = await collection.find({}, { sort: { app: 1, count: -1 }, limit: 2 });
        expect(sorted.map(({ _id }) => _id)).toEqual(['c', 'a']);
        await expect(collection.findOne({ app: 'x' }, { sort: { count: -1 } })).resolves.toMatchObject({ _id: 'c' });
      });

      it('given any numbers, when the greatest below a limit is asked, then it is that one', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 8 }),
            fc.integer(),
            async (n, at) => {
              const collection = await holding(
                n.map((count) => ({ _id: String(count), count })),
                [{ keys: { count: 1 } }],
              );
              const found = await collection.findOne({ count: { $lt: at } }, { sort: { count: -1 } });
              const below = n.filter((count) => count < at);
              expect(found?.count ?? null).toBe(below.length === 0 ? null : Math.max(...below));
            },
          ),
          { numRuns: 20 },
        );
      });
    });

    describe('given an update', () => {
      it('when it matches, then each operator does its work and nothing else changes', async () => {
        const collection = await holding([{ _id: 'a', app: 'x', name: 'n', count: 5, active: true }]);
        await expect(
          collection.updateOne({ _id: 'a' }, { $set: { name: 'm' }, $unset: { active: true }, $inc: { count: 2 } }),
        ).resolves.toEqual({ matched: true, upserted: false });
        await expect(collection.findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a', app: 'x', name: 'm', count: 7 });
      });

      it('when it matches nothing, then it says so and inserts nothing', async () => {
        const collection = await make();
        await expect(collection.updateOne({ _id: 'a' }, { $set: { name: 'm' } })).resolves.toEqual({
          matched: false,
          upserted: false,
        });
        await expect(collection.countDocuments({})).resolves.toBe(0);
      });

      it('when $max is lower, then the field stays; when higher or the field is missing, then it rises', async () => {
        const collection = await holding([{ _id: 'a', count: 5 }, { _id: 'b' }]);
        await collection.updateOne({ _id: 'a' }, { $max: { count: 3 } });
        await expect(collection.findOne({ _id: 'a' })).resolves.toMatchObject({ count: 5 });
        await collection.updateMany({}, { $max: { count: 8 } });
        await expect(collection.find({ count: 8 }, { limit: 9 })).resolves.toHaveLength(2);
      });

      it('when it upserts, then the filter, $setOnInsert and the operators make the document', async () => {
        const collection = await make();
        const upsert = () =>
          collection.updateOne(
            { _id: 'a', app: 'x', name: { $ne: 'gone' } },
            { $setOnInsert: { active: true }, $set: { name: 'n' }, $inc: { count: 1 } },
            { upsert: true },
          );
        await expect(upsert()).resolves.toEqual({ matched: false, upserted: true });
        await expect(upsert()).resolves.toEqual({ matched: true, upserted: false });
        await expect(collection.findOne({ _id: 'a' })).resolves.toEqual({
          _id: 'a',
          app: 'x',
          active: true,
          name: 'n',
          count: 2,
        });
      });

      it('when an upsert misses its condition and meets its id, then it is a duplicate key', async () => {
        const collection = await holding([{ _id: 'a', count: 9 }]);
        await expect(
          collection.updateOne({ _id: 'a', count: { $lt: 5 } }, { $set: { count: 5 } }, { upsert: true }),
        ).rejects.toBeInstanceOf(DuplicateKey);
        await expect(collection.findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a', count: 9 });
      });

      it('when findOneAndUpdate matches, then it gives the document afterwards, and null otherwise', async () => {
        const collection = await holding([{ _id: 'a', count: 1 }]);
        await expect(collection.findOneAndUpdate({ count: 1 }, { $inc: { count: 1 } })).resolves.toEqual({
          _id: 'a',
          count: 2,
        });
        await expect(collection.findOneAndUpdate({ count: 1 }, { $inc: { count: 1 } })).resolves.toBeNull();
      });

      it('when many are updated, then it says how many matched', async () => {
        const collection = await holding([{ _id: 'a', app: 'x' }, { _id: 'b', app: 'x' }, { _id: 'c' }]);
        await expect(collection.updateMany({ app: 'x' }, { $set: { active: true } })).resolves.toBe(2);
        await expect(ids(collection, { active: true })).resolves.toEqual(['a', 'b']);
      });

      it('when it takes a unique key of another document, then it is a duplicate key and nothing changes', async () => {
        const collection = await holding(
          [
            { _id: 'a', name: 'x' },
            { _id: 'b', name: 'y' },
          ],
          [{ keys: { name: 1 }, unique: true }],
        );
        await expect(collection.updateOne({ _id: 'b' }, { $set: { name: 'x' } })).rejects.toBeInstanceOf(DuplicateKey);
        await expect(collection.findOne({ _id: 'b' })).resolves.toEqual({ _id: 'b', name: 'y' });
      });
    });

    describe('given deletions', () => {
      it('when one is deleted, then one is gone and it says whether there was any', async () => {
        const collection = await holding([
          { _id: 'a', app: 'x' },
          { _id: 'b', app: 'x' },
        ]);
        await expect(collection.deleteOne({ app: 'x' })).resolves.toBe(true);
        await expect(collection.countDocuments({})).resolves.toBe(1);
        await expect(collection.deleteOne({ app: 'y' })).resolves.toBe(false);
      });

      it('when many are deleted, then it says how many, and their keys are free again', async () => {
        const collection = await holding(
          [{ _id: 'a', app: 'x' }, { _id: 'b', app: 'y' }, { _id: 'c' }],
          [{ keys: { app: 1 }, unique: true, sparse: true }],
        );
        await expect(collection.deleteMany({ app: { $in: ['x', 'y'] } })).resolves.toBe(2);
        await collection.insertOne({ _id: 'a', app: 'y' });
        await expect(ids(collection, {})).resolves.toEqual(['a', 'c']);
      });
    });

    describe('given a unique index', () => {
      it('when two documents differ in one of its fields, then both are taken', async () => {
        const collection = await holding(
          [{ _id: 'a', app: 'x', name: 'n' }],
          [{ keys: { app: 1, name: 1 }, unique: true }],
        );
        await collection.insertOne({ _id: 'b', app: 'y', name: 'n' });
        await expect(collection.insertOne({ _id: 'c', app: 'x', name: 'n' })).rejects.toBeInstanceOf(DuplicateKey);
        await expect(collection.countDocuments({})).resolves.toBe(2);
      });

      it('when two documents lack its field, then the second is a duplicate', async () => {
        const collection = await holding([{ _id: 'a' }], [{ keys: { name: 1 }, unique: true }]);
        await expect(collection.insertOne({ _id: 'b' })).rejects.toBeInstanceOf(DuplicateKey);
        await expect(collection.insertOne({ _id: 'c', name: null })).rejects.toBeInstanceOf(DuplicateKey);
      });

      it('when it is sparse and two documents lack its field, then both are taken', async () => {
        const collection = await holding([{ _id: 'a' }], [{ keys: { name: 1 }, unique: true, sparse: true }]);
        await collection.insertOne({ _id: 'b' });
        await collection.insertOne({ _id: 'c', name: 'n' });
        await expect(collection.insertOne({ _id: 'd', name: 'n' })).rejects.toBeInstanceOf(DuplicateKey);
        await expect(ids(collection, { name: null })).resolves.toEqual(['a', 'b']);
      });
    });

    describe('given races between two clients', () => {
      const racing = async (spec: CollectionSpec<Thing>) => {
        const second = await under.secondHandle();
        const clients = [await under.documents.collection(spec), await second.collection(spec)] as const;
        return (turn: number) => clients[turn % 2 === 0 ? 0 : 1];
      };
      const fifty = Array.from({ length: 50 }, (_, turn) => turn);

      it('when 50 insert one id, then one wins and 49 are told of the duplicate key', async () => {
        const client = await racing(specOf());
        const results = await Promise.allSettled(
          fifty.map((turn) => client(turn).insertOne({ _id: 'stream/1', count: turn })),
        );
        const lost = results.filter((result) => result.status === 'rejected');
        expect(lost).toHaveLength(49);
        for (const { reason } of lost) expect(reason).toBeInstanceOf(DuplicateKey);
        const winner = results.findIndex((result) => result.status === 'fulfilled');
        await expect(client(0).find({}, { limit: 100 })).resolves.toEqual([{ _id: 'stream/1', count: winner }]);
      });

      it('when 50 insert one unique key, then one wins', async () => {
        const client = await racing(specOf([{ keys: { app: 1, name: 1 }, unique: true }]));
        const results = await Promise.allSettled(
          fifty.map((turn) => client(turn).insertOne({ _id: String(turn), app: 'x', name: 'n' })),
        );
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
        for (const result of results)
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DuplicateKey);
        await expect(client(0).countDocuments({})).resolves.toBe(1);
      });

      it('when 50 upsert one id, then there is one document and every success counted once', async () => {
        const client = await racing(specOf());
        const results = await Promise.allSettled(
          fifty.map((turn) => client(turn).updateOne({ _id: 'a' }, { $inc: { count: 1 } }, { upsert: true })),
        );
        const done = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
        for (const result of results)
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DuplicateKey);
        expect(done.filter(({ upserted }) => upserted)).toHaveLength(1);
        await expect(client(1).find({}, { limit: 100 })).resolves.toEqual([{ _id: 'a', count: done.length }]);
      });

      it('when 50 increment one field, then none is lost and each sees a number of its own', async () => {
        const client = await racing(specOf());
        await client(0).insertOne({ _id: 'a', count: 0 });
        const seen = await Promise.all(
          fifty.map((turn) => client(turn).findOneAndUpdate({ _id: 'a' }, { $inc: { count: 1 } })),
        );
        expect(seen.map((thing) => thing?.count ?? 0).sort((a, b) => a - b)).toEqual(fifty.map((turn) => turn + 1));
      });

      it('when 50 compare and set one value, then one wins', async () => {
        const client = await racing(specOf());
        await client(0).insertOne({ _id: 'a', name: 'free' });
        const results = await Promise.all(
          fifty.map((turn) => client(turn).updateOne({ _id: 'a', name: 'free' }, { $set: { name: `by ${turn}` } })),
        );
        expect(results.filter(({ matched }) => matched)).toHaveLength(1);
      });

      it('when $max races in any order, then the greatest stays', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 }),
            async (raises) => {
              const client = await racing(specOf());
              await client(0).insertOne({ _id: 'a' });
              await Promise.all(raises.map((count, turn) => client(turn).updateOne({ _id: 'a' }, { $max: { count } })));
              await expect(client(1).findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a', count: Math.max(...raises) });
            },
          ),
          { numRuns: 10 },
        );
      });
    });

    it('given an open store, when it is pinged, then it answers', async () => {
      await expect(under.documents.ping()).resolves.toBeUndefined();
    });
  });
}
