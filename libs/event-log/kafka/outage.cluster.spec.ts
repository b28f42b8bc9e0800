import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LogReader } from '#libs/event-log';
import { eventually } from '../../../test/support/eventually.js';
import { type OwnBroker, startBroker } from '../../../test/support/kafka-broker.js';
import { KafkaEventLog } from './event-log.js';

jest.setTimeout(120_000);

/** Its own broker is stopped, killed and frozen, so it runs only where brokers are to be had at all. */
const wanted = (process.env.KAFKA_BROKERS ?? '') !== '';

(wanted ? describe : describe.skip)('given a broker that goes away', () => {
  let broker: OwnBroker;
  const logs: KafkaEventLog[] = [];
  let going = false;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterEach(async () => {
    going = false;
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });
  afterAll(() => broker?.close());

  const newLog = async () => {
    const log = new KafkaEventLog({
      brokers: broker.brokers,
      clientId: 'outage-spec',
      topic: `outage-${randomUUID()}`,
      attributes: ({ id }) => ({ id, source: '/spec', type: 'spec' }),
      logger: { debug: () => {} },
      timeouts: { publishMs: 2_000, requestMs: 2_000, connectMs: 1_000 },
    });
    logs.push(log);
    await log.ensureTopic({ partitions: 3, replicationFactor: 1 });
    return log;
  };

  /** Follows the log as a projection does, and notes the numbers of each key and the troubles. */
  const follow = async (log: KafkaEventLog) => {
    const numbers = new Map<string, number[]>();
    const troubles: unknown[] = [];
    const positions = new Map<number, number>();
    const reader: LogReader = {
      group: `group-${randomUUID()}`,
      startAt: async (partition) => positions.get(partition) ?? null,
      handle: async ({ partition, entries, next }) => {
        for (const { key, value } of entries) numbers.set(key, [...(numbers.get(key) ?? []), Number(value?.number)]);
        positions.set(partition, next);
      },
      onTrouble: (error) => troubles.push(error),
    };
    const reading = await log.read(reader);
    return { numbers, troubles, reading };
  };

  /** Publishes 1, 2, 3, ... under each key until it is told to stop, each number again and again until it is taken. */
  const publishing = (log: KafkaEventLog, keys: readonly string[]) => {
    going = true;
    let failures = 0;
    let slowestMs = 0;
    const taken = new Map<string, number>();
    const work = keys.map(async (key) => {
      for (let number = 1; going; number += 1) {
        while (going) {
          const begun = Date.now();
          try {
            await log.publish([{ id: randomUUID(), key, value: { number, time: begun } }]);
            taken.set(key, number);
            break;
          } catch (error) {
            expect(error).toMatchObject({ code: 'log-unavailable' });
            failures += 1;
            slowestMs = Math.max(slowestMs, Date.now() - begun);
          }
        }
      }
    });
    return {
      taken,
      failures: () => failures,
      slowestMs: () => slowestMs,
      stop: async () => {
        going = false;
        await Promise.all(work);
      },
    };
  };

  const outages: Readonly<Record<string, { away(): Promise<void>; back(): Promise<void> }>> = {
    stopped: { away: () => broker.stop(), back: () => broker.start() },
    killed: { away: () => broker.kill(), back: () => broker.start() },
    frozen: { away: () => broker.freeze(), back: () => broker.thaw() },
  };

  for (const [name, { away, back }] of Object.entries(outages)) {
    it(`when it is ${name} and comes back, then publishing fails in time, nothing taken is lost, and readers go on`, async () => {
      const log = await newLog();
      const follower = await follow(log);
      await follower.reading.caughtUp();
      const keys = ['ada', 'bob', 'cyd', 'dan', 'eve'];
      const publisher = publishing(log, keys);
      await eventually(() => keys.every((key) => (publisher.taken.get(key) ?? 0) >= 20));
      await away();
      await eventually(() => publisher.failures() > 5, 30_000);
      await expect(log.ping()).rejects.toMatchObject({ code: 'log-unavailable' });
      await expect(log.ends()).rejects.toMatchObject({ code: 'log-unavailable' });
      if (name !== 'frozen') await eventually(() => follower.troubles.length > 0, 60_000);
      const before = new Map(publisher.taken);
      await back();
      await eventually(
        () => keys.every((key) => (publisher.taken.get(key) ?? 0) >= (before.get(key) ?? 0) + 20),
        30_000,
      );
      await publisher.stop();
      await follower.reading.caughtUp();
      for (const key of keys) {
        const firsts = [...new Set(follower.numbers.get(key))];
        expect(firsts).toEqual(Array.from({ length: publisher.taken.get(key) ?? 0 }, (_, index) => index + 1));
      }
      expect(publisher.slowestMs()).toBeLessThan(5_000);
      await expect(log.ping()).resolves.toBeUndefined();
    });
  }

  it('when it is away, then a reading can be opened, waits, and is stopped in time', async () => {
    const log = await newLog();
    await broker.stop();
    const { reading, troubles } = await follow(log);
    const caughtUp = reading.caughtUp();
    await eventually(() => troubles.length > 0, 60_000);
    const second = await follow(log);
    const begun = Date.now();
    await second.reading.stop();
    expect(Date.now() - begun).toBeLessThan(5_000);
    await broker.start();
    await caughtUp;
  });
});
