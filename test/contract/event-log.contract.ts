import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventLog, LogBatch, LogEntry, LogReader, LogRecord, Reading } from '#libs/event-log';
import { eventually } from '../support/eventually.js';

/** An adapter as the suite needs it. The log may have any number of partitions, and may hold what other tests wrote. */
export interface EventLogUnderTest {
  readonly log: EventLog;
  /** Another client of the same log; closed by `close`. */
  secondHandle(): Promise<EventLog>;
  /** Puts an entry that is no JSON object on the log, past the adapter. */
  injectPoison(key: string): Promise<void>;
  close(): Promise<void>;
}

/** A reader that remembers what it was given, of the keys that begin with `prefix`. */
class Collector implements LogReader {
  readonly group: string;
  readonly entries: LogEntry[] = [];
  readonly batches: LogBatch[] = [];
  readonly troubles: unknown[] = [];
  /** Where to go on, for each partition: kept as a projection keeps it. */
  readonly positions: Map<number, number>;
  /** Called before a batch counts as handled. */
  before: (batch: LogBatch) => Promise<void> = async () => {};
  starts = 0;
  underWay = 0;
  overlapped = false;
  readonly #busy = new Set<number>();

  constructor(
    readonly prefix: string,
    options: { readonly group?: string; readonly positions?: Map<number, number> } = {},
  ) {
    this.group = options.group ?? `group-${randomUUID()}`;
    this.positions = options.positions ?? new Map();
  }

  async startAt(partition: number): Promise<number | null> {
    this.starts += 1;
    return this.positions.get(partition) ?? null;
  }

  async handle(batch: LogBatch): Promise<void> {
    if (this.#busy.has(batch.partition)) this.overlapped = true;
    this.#busy.add(batch.partition);
    this.underWay += 1;
    try {
      await this.before(batch);
      this.batches.push(batch);
      this.entries.push(...batch.entries.filter(({ key }) => key.startsWith(this.prefix)));
      this.positions.set(batch.partition, batch.next);
    } finally {
      this.#busy.delete(batch.partition);
      this.underWay -= 1;
    }
  }

  onTrouble(error: unknown): void {
    this.troubles.push(error);
  }

  /** The numbers that were read, in order, of one key. */
  numbers(key: string): unknown[] {
    return this.entries.filter((entry) => entry.key === key).map((entry) => entry.value?.number);
  }
}

/** What every adapter of `EventLog` promises. */
export function describeEventLog(adapter: string, open: () => Promise<EventLogUnderTest>): void {
  describe(`event log on ${adapter}`, () => {
    let under: EventLogUnderTest;
    let log: EventLog;
    const readings = new Set<Reading>();
    beforeAll(async () => {
      under = await open();
      log = under.log;
    });
    afterEach(async () => {
      await Promise.all([...readings].map((reading) => reading.stop()));
      readings.clear();
    });
    afterAll(() => under.close());

    const record = (key: string, number: number, time = 1_000_000 + number): LogRecord => ({
      id: randomUUID(),
      key,
      value: { number, time },
    });
    const numbered = (key: string, from: number, to: number): LogRecord[] =>
      Array.from({ length: to - from + 1 }, (_, index) => record(key, from + index));
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const newKey = () => `k${randomUUID()}`;
    const read = async (reader: LogReader, from: EventLog = log) => {
      const reading = await from.read(reader);
      readings.add(reading);
      return reading;
    };
    const patiently = <T>(probe: () => T | undefined | false | Promise<T | undefined | false>) =>
      eventually(probe, 25_000);

    describe('given published records', () => {
      it('when they are read from the beginning, then each is there as it was published, in order for a key', async () => {
        const prefix = newKey();
        const keys = range(1, 8).map((key) => `${prefix}-${key}`);
        const records = range(1, 25).flatMap((number) => keys.map((key) => record(key, number)));
        for (let at = 0; at < records.length; at += 40) await log.publish(records.slice(at, at + 40));
        const reader = new Collector(prefix);
        await read(reader);
        await patiently(() => reader.entries.length >= records.length);
        for (const key of keys) expect(reader.numbers(key)).toEqual(range(1, 25));
        expect(reader.entries[0]?.value).toEqual({ number: 1, time: 1_000_001 });
        expect(reader.overlapped).toBe(false);
      });

      it('when batches are looked at, then offsets grow, and next and end are where they should be', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 50));
        const reader = new Collector(key);
        await read(reader);
        await patiently(() => reader.entries.length >= 50);
        const reached = new Map<number, number>();
        for (const { partition, entries, next, end } of reader.batches) {
          expect(entries.length).toBeGreaterThan(0);
          for (const entry of entries) {
            expect(entry.partition).toBe(partition);
            expect(entry.offset).toBeGreaterThanOrEqual(reached.get(partition) ?? 0);
            reached.set(partition, entry.offset + 1);
          }
          expect(next).toBe(reached.get(partition));
          expect(end).toBeGreaterThanOrEqual(next);
        }
      });

      it('when a reader is there already, then it gets them as they come', async () => {
        const key = newKey();
        const reader = new Collector(key);
        const reading = await read(reader);
        await reading.caughtUp();
        for (const number of range(1, 5)) {
          await log.publish([record(key, number)]);
          await patiently(() => reader.numbers(key).includes(number));
        }
        expect(reader.numbers(key)).toEqual(range(1, 5));
      });

      it('when one is published twice, then it is read at least once and nothing else changes', async () => {
        const key = newKey();
        const [first, second] = [record(key, 1), record(key, 2)];
        await log.publish([first]);
        await log.publish([first]);
        await log.publish([second]);
        const reader = new Collector(key);
        await read(reader);
        await patiently(() => reader.numbers(key).includes(2));
        expect([...new Set(reader.numbers(key))]).toEqual([1, 2]);
      });

      it('when two clients publish at once, then none is lost and each key is in order', async () => {
        const prefix = newKey();
        const second = await under.secondHandle();
        const keys = range(1, 10).map((key) => `${prefix}-${key}`);
        await Promise.all(
          keys.map(async (key, index) => {
            const through = index % 2 === 0 ? log : second;
            for (const number of range(1, 10)) await through.publish([record(key, number)]);
          }),
        );
        const reader = new Collector(prefix);
        await read(reader);
        await patiently(() => reader.entries.length >= 100);
        for (const key of keys) expect(reader.numbers(key)).toEqual(range(1, 10));
      });
    });

    it('given any interleaving of keys, when it is read, then each key is in order', async () => {
      const outer = newKey();
      const reader = new Collector(outer);
      await read(reader);
      const batches = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 10 }), {
        minLength: 1,
        maxLength: 5,
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(batches, async (published) => {
          run += 1;
          const counts = new Map<string, number>();
          for (const batch of published) {
            await log.publish(
              batch.map((name) => {
                const key = `${outer}-${run}-${name}`;
                counts.set(key, (counts.get(key) ?? 0) + 1);
                return record(key, counts.get(key) ?? 0);
              }),
            );
          }
          for (const [key, count] of counts) {
            await patiently(() => reader.numbers(key).length >= count);
            expect(reader.numbers(key)).toEqual(range(1, count));
          }
        }),
        { numRuns: 20 },
      );
    });

    describe('given a position', () => {
      it('when reading starts there, then what came before is not read', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 10));
        const first = new Collector(key);
        const reading = await read(first);
        await patiently(() => first.entries.length >= 10);
        await reading.caughtUp();
        await reading.stop();
        await log.publish(numbered(key, 11, 20));
        const second = new Collector(key, { positions: new Map(first.positions) });
        await read(second);
        await patiently(() => second.numbers(key).includes(20));
        expect(second.numbers(key)).toEqual(range(11, 20));
      });

      it('when it is the end, then only what is published afterwards is read', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 10));
        const reader = new Collector(key, { positions: new Map(await log.ends()) });
        const reading = await read(reader);
        await reading.caughtUp();
        await log.publish([record(key, 11)]);
        await patiently(() => reader.entries.length > 0);
        expect(reader.numbers(key)).toEqual([11]);
      });

      it('when records are published, then the ends move by as many', async () => {
        const total = async () => [...(await log.ends()).values()].reduce((sum, end) => sum + end, 0);
        const before = await total();
        await log.publish(range(1, 20).map((number) => record(newKey(), number)));
        await expect(total()).resolves.toBe(before + 20);
      });

      it('when it is asked by time, then every event of that time or later is read from it', async () => {
        const key = newKey();
        // Clocks step back, so times do not follow the order of the log.
        const times = [1000, 5000, 3000, 4000, 2000, 6000, 4500].map((time) => Date.now() - 10_000 + time);
        for (const [index, time] of times.entries()) await log.publish([record(key, index, time)]);
        for (const since of [...times, Date.now()]) {
          const reader = new Collector(key, { positions: new Map(await log.positionsAt(since)) });
          const reading = await read(reader);
          await reading.caughtUp();
          const expected = [...times.keys()].filter((index) => (times[index] ?? 0) >= since);
          expect(reader.numbers(key)).toEqual(expect.arrayContaining(expected));
          await reading.stop();
        }
      });
    });

    describe('given a reader that fails', () => {
      it('when handle rejects, then the batch comes again until it resolves, and nothing is skipped', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 30));
        const reader = new Collector(key);
        const refused: (number | undefined)[] = [];
        reader.before = async ({ entries }) => {
          if (refused.length >= 3 || !entries.some((entry) => entry.key === key)) return;
          refused.push(entries[0]?.offset);
          throw new Error('not yet');
        };
        const reading = await read(reader);
        await patiently(() => reader.numbers(key).includes(30));
        await reading.caughtUp();
        expect(refused).toHaveLength(3);
        expect(new Set(refused).size).toBe(1);
        expect(reader.troubles.length).toBeGreaterThanOrEqual(3);
        expect(reader.numbers(key)).toEqual(range(1, 30));
        expect(reader.overlapped).toBe(false);
      });

      it('when startAt rejects, then it is asked again', async () => {
        const key = newKey();
        await log.publish([record(key, 1)]);
        const reader = new Collector(key);
        const startAt = reader.startAt.bind(reader);
        reader.startAt = async (partition) => {
          if (reader.troubles.length === 0) throw new Error('not yet');
          return startAt(partition);
        };
        await read(reader);
        await patiently(() => reader.numbers(key).includes(1));
        expect(reader.troubles.length).toBeGreaterThan(0);
      });

      it('when it crashes after handling and before keeping its position, then a successor is given the batch again', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 5));
        const first = new Collector(key);
        const reading = await read(first);
        await patiently(() => first.numbers(key).includes(5));
        await reading.stop();
        const second = new Collector(key, { group: first.group });
        await read(second);
        await patiently(() => second.numbers(key).includes(5));
        expect(second.numbers(key)).toEqual(range(1, 5));
      });
    });

    it('given an entry that is no JSON object, when it is read, then its value is undefined and the next one follows', async () => {
      const key = newKey();
      await log.publish([record(key, 1)]);
      await under.injectPoison(key);
      await log.publish([record(key, 2)]);
      const reader = new Collector(key);
      await read(reader);
      await patiently(() => reader.numbers(key).includes(2));
      expect(reader.entries.map(({ value }) => value?.number)).toEqual([1, undefined, 2]);
      expect(reader.entries[1]?.value).toBeUndefined();
    });

    describe('given a running reading', () => {
      it('when it has caught up, then everything published before was handled', async () => {
        const prefix = newKey();
        const reader = new Collector(prefix);
        const reading = await read(reader);
        for (const round of range(1, 5)) {
          await log.publish(range(1, 20).map((number) => record(`${prefix}-${number}`, round)));
          await reading.caughtUp();
          expect(reader.entries).toHaveLength(round * 20);
        }
      });

      it('when it is restarted, then it reads again from startAt, and has caught up only after that', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 10));
        const reader = new Collector(key);
        const reading = await read(reader);
        await reading.caughtUp();
        reader.positions.clear();
        reader.entries.length = 0;
        await reading.restart();
        await reading.caughtUp();
        expect(reader.numbers(key)).toEqual(range(1, 10));
      });

      it('when it is restarted from within handle, then it starts again too', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 3));
        const reader = new Collector(key);
        const { promise, resolve } = withResolvers<Reading>();
        let restarts = 0;
        reader.before = async ({ entries }) => {
          if (restarts > 0 || !entries.some((entry) => entry.key === key)) return;
          restarts += 1;
          await (await promise).restart();
        };
        resolve(await read(reader));
        await patiently(() => reader.starts > 1 && reader.numbers(key).at(-1) === 3);
      });

      it('when it is stopped, then it waits for the call under way, and none follows', async () => {
        const key = newKey();
        const reader = new Collector(key);
        const { promise: gate, resolve: openGate } = withResolvers<void>();
        reader.before = () => gate;
        const reading = await read(reader);
        await log.publish([record(key, 1)]);
        await patiently(() => reader.underWay > 0);
        let stopped = false;
        const stopping = reading.stop().then(() => {
          stopped = true;
        });
        await log.publish([record(key, 2)]);
        expect(stopped).toBe(false);
        openGate();
        await stopping;
        const handled = reader.batches.length;
        const witness = new Collector(key);
        await log.publish([record(key, 3)]);
        await read(witness);
        await patiently(() => witness.numbers(key).includes(3));
        expect(reader.batches).toHaveLength(handled);
      });

      it('when it is stopped while handle keeps failing, then it stops', async () => {
        const key = newKey();
        const reader = new Collector(key);
        reader.before = async () => {
          throw new Error('never');
        };
        await log.publish([record(key, 1)]);
        const reading = await read(reader);
        await patiently(() => reader.troubles.length > 1);
        await reading.stop();
        expect(reader.underWay).toBe(0);
      });
    });

    describe('given groups', () => {
      it('when two groups read, then each sees everything', async () => {
        const key = newKey();
        await log.publish(numbered(key, 1, 10));
        const readers = [new Collector(key), new Collector(key)];
        for (const reader of readers) await read(reader);
        for (const reader of readers) {
          await patiently(() => reader.entries.length >= 10);
          expect(reader.numbers(key)).toEqual(range(1, 10));
        }
      });

      it('when two clients read in one group and one stops, then the other goes on and nothing is missed', async () => {
        const prefix = newKey();
        const positions = new Map<number, number>();
        const first = new Collector(prefix, { positions });
        const second = new Collector(prefix, { group: first.group, positions });
        const stopsFirst = await read(first);
        await stopsFirst.caughtUp();
        await read(second, await under.secondHandle());
        const publishRound = (round: number) =>
          log.publish(range(1, 20).map((number) => record(`${prefix}-${number}`, round)));
        const seen = (round: number, by: readonly Collector[]) =>
          new Set(
            by.flatMap(({ entries }) => entries.filter(({ value }) => value?.number === round).map(({ key }) => key)),
          ).size;
        await publishRound(1);
        await patiently(() => seen(1, [first, second]) === 20);
        await stopsFirst.stop();
        await publishRound(2);
        await patiently(() => seen(2, [second]) === 20);
        expect(seen(2, [first])).toBe(0);
      });
    });

    it('given an open log, when it is pinged, then it answers', async () => {
      await expect(log.ping()).resolves.toBeUndefined();
    });
  });
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
