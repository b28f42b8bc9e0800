import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KafkaEventLog } from '#libs/event-log/kafka';
import { cloudEventOf, EventStore, UnsentEvents } from '#libs/event-store';
import { createLogger, createMetrics } from '#libs/platform';
import { eventually } from '../../../test/support/eventually.js';
import { type OwnBroker, startBroker } from '../../../test/support/kafka-broker.js';
import { Mortal } from '../../../test/support/mortal.js';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { appendNext, userNumber } from '../../../test/support/user-history.js';
import { startRelay } from './relay.js';

jest.setTimeout(120_000);

/** Its own broker is stopped and frozen, so it runs only where brokers are to be had at all. */
const wanted = (process.env.KAFKA_BROKERS ?? '') !== '';

(wanted ? describe : describe.skip)('given relays on Kafka', () => {
  let broker: OwnBroker;
  let temporary: TemporaryStore;
  let topic: string;
  const closers: (() => Promise<unknown>)[] = [];
  let going = false;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.close());
  beforeEach(async () => {
    temporary = openTemporaryStore();
    topic = `relay-${randomUUID()}`;
    await openLog().ensureTopic({ partitions: 12, replicationFactor: 1 });
  });
  afterEach(async () => {
    going = false;
    await Promise.all(closers.splice(0).map((close) => close()));
    temporary.close();
  });

  const openLog = () => {
    const log = new KafkaEventLog({
      brokers: broker.brokers,
      clientId: 'relay-spec',
      topic,
      attributes: cloudEventOf,
      logger: { debug: () => {} },
      timeouts: { publishMs: 2_000 },
    });
    closers.push(() => log.close());
    return log;
  };

  /** A commands process as far as its events go: store, relay and log of its own, on documents that all share. */
  const startProcess = async () => {
    const mortal = new Mortal();
    const documents = mortal.usingDocuments(temporary.documents);
    const store = await EventStore.open(documents, { now: Date.now, relayed: true });
    const relay = await startRelay({
      store,
      documents,
      log: mortal.using(openLog()),
      logger: createLogger({ LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
      metrics: createMetrics(),
      now: Date.now,
    });
    let living = true;
    closers.push(async () => living && (await relay.stop()));
    return {
      store,
      /** What it has begun may still happen, but it hears of nothing any more. */
      kill: () => {
        living = false;
        mortal.die();
      },
    };
  };

  const users = Array.from({ length: 20 }, (_, number) => userNumber(number));
  const anyOf = <T>(choices: readonly T[]): T => {
    const choice = choices[Math.floor(Math.random() * choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  };

  /** Waits until nothing is unsent, and holds the log to the store: each user's versions, at their first occurrence, are 1, 2, 3, ... */
  const expectTheWholeStory = async () => {
    const unsent = await UnsentEvents.open(temporary.documents);
    await eventually(async () => (await unsent.backlog()).events === 0, 60_000);
    const versions = new Map<string, unknown[]>();
    let entriesRead = 0;
    const reading = await openLog().read({
      group: `group-${randomUUID()}`,
      startAt: async () => null,
      handle: async ({ entries }) => {
        entriesRead += entries.length;
        for (const { key, value } of entries) versions.set(key, [...(versions.get(key) ?? []), value?.version]);
      },
      onTrouble: () => {},
    });
    await reading.caughtUp();
    await reading.stop();
    const store = await EventStore.open(temporary.documents, { now: Date.now, relayed: true });
    let events = 0;
    for (const user of users) {
      const { version } = await store.loadUser(user);
      events += version;
      const firsts = [...new Set(versions.get(user.userId))];
      expect(firsts).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    }
    return { events, repeats: entriesRead - events };
  };

  it('when two processes append to the same users at once, then each story is on the log in order', async () => {
    const processes = [await startProcess(), await startProcess()];
    const commands = processes.flatMap(({ store }) =>
      Array.from({ length: 8 }, async () => {
        for (let count = 0; count < 40; count += 1) await appendNext(store, anyOf(users));
      }),
    );
    await Promise.all(commands);
    const { events } = await expectTheWholeStory();
    expect(events).toBe(640);
  });

  it('when processes are killed at any moment, then events are repeated at most, and none is lost or overtaken', async () => {
    const processes = [await startProcess(), await startProcess()];
    going = true;
    const commands = Array.from({ length: 6 }, async () => {
      while (going) {
        await Promise.race([
          appendNext(anyOf(processes).store, anyOf(users)),
          new Promise((resolve) => setTimeout(resolve, 100)),
        ]);
      }
    });
    for (let kills = 0; kills < 15; kills += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      const place = kills % processes.length;
      processes[place]?.kill();
      processes[place] = await startProcess();
    }
    going = false;
    await Promise.all(commands);
    const { events } = await expectTheWholeStory();
    expect(events).toBeGreaterThan(100);
  });

  const outages: Readonly<Record<string, { away(): Promise<void>; back(): Promise<void> }>> = {
    stopped: { away: () => broker.stop(), back: () => broker.start() },
    frozen: { away: () => broker.freeze(), back: () => broker.thaw() },
  };

  for (const [name, { away, back }] of Object.entries(outages)) {
    it(`when the broker is ${name} for 5 s, then appends go on, and everything is there in order afterwards`, async () => {
      const processes = [await startProcess(), await startProcess()];
      going = true;
      let slowestMs = 0;
      const commands = processes.map(async ({ store }) => {
        while (going) {
          const begun = Date.now();
          await appendNext(store, anyOf(users));
          slowestMs = Math.max(slowestMs, Date.now() - begun);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
      await eventually(async () => ((await processes[0]?.store.loadUser(anyOf(users)))?.version ?? 0) >= 3);
      await away();
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const backlog = await (await UnsentEvents.open(temporary.documents)).backlog();
      await back();
      going = false;
      await Promise.all(commands);
      const { events } = await expectTheWholeStory();
      expect(backlog.events).toBeGreaterThan(50);
      expect(events).toBeGreaterThan(backlog.events);
      expect(slowestMs).toBeLessThan(1_500);
    });
  }
});
