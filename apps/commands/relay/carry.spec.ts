import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LogRecord } from '#libs/event-log';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, type StoredEvent, UnsentEvents } from '#libs/event-store';
import { Mortal } from '../../../test/support/mortal.js';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { appendNext, userNumber } from '../../../test/support/user-history.js';
import { carry } from './carry.js';

let temporary: TemporaryStore;
let store: EventStore;
let unsent: UnsentEvents;
let log: SqliteEventLog;
let appended: StoredEvent[];
/** Of which the store says so. */
let followsSent: Set<string>;
beforeEach(async () => {
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now: Date.now, relayed: true });
  appended = [];
  followsSent = new Set();
  store.onAppended((event, follows) => {
    appended.push(event);
    if (follows) followsSent.add(event._id);
  });
  unsent = await UnsentEvents.open(temporary.documents);
  log = new SqliteEventLog(temporary.database, 'log');
});
afterEach(async () => {
  await log.close();
  temporary.close();
});

/** Appends the next event of a user, and gives it as it is stored. */
async function append(number: number): Promise<StoredEvent> {
  await appendNext(store, userNumber(number));
  return newest();
}

function newest(): StoredEvent {
  const event = appended.at(-1);
  if (!event) throw new Error('nothing was appended');
  return event;
}

/** The versions on the log of each user, in the order of the log. */
async function onTheLog(): Promise<Map<string, unknown[]>> {
  const versions = new Map<string, unknown[]>();
  const reading = await log.read({
    group: 'spec',
    startAt: async () => null,
    handle: async ({ entries }) => {
      for (const { key, value } of entries) versions.set(key, [...(versions.get(key) ?? []), value?.version]);
    },
    onTrouble: () => {},
  });
  await reading.caughtUp();
  await reading.stop();
  return versions;
}

const versionsOf = async (number: number) => (await onTheLog()).get(userNumber(number).userId) ?? [];
const range = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

describe('given unsent events', () => {
  it('when they are carried in any order, then they are on the log in order and marked sent', async () => {
    const events = [await append(1), await append(2), await append(1), await append(1), await append(2)];
    expect(await carry(events.reverse(), { unsent, log })).toBe(5);
    expect(await versionsOf(1)).toEqual([1, 2, 3]);
    expect(await versionsOf(2)).toEqual([1, 2]);
    expect(await unsent.backlog()).toEqual({ events: 0, oldestAt: null });
  });

  it('when its predecessor was on the log as it was decided, then that is not asked again', async () => {
    await carry([await append(1)], { unsent, log });
    const second = await append(1);
    const among = async () => {
      throw new Error('it was asked');
    };
    await carry(
      [second],
      {
        unsent: {
          ofStream: among,
          among: async (keys) => (keys.length ? among() : new Set()),
          markSent: (keys) => unsent.markSent(keys),
        },
        log,
      },
      followsSent,
    );
    expect(await versionsOf(1)).toEqual([1, 2]);
  });

  it('when only the newest is known, then the earlier ones go first', async () => {
    await append(1);
    await append(1);
    await carry([await append(1)], { unsent, log });
    expect(await versionsOf(1)).toEqual([1, 2, 3]);
    expect((await unsent.backlog()).events).toBe(0);
  });

  it('when one in the middle is not known, then nothing overtakes it', async () => {
    const [first, , third] = [await append(1), await append(1), await append(1)];
    await carry([first, third], { unsent, log });
    expect(await versionsOf(1)).toEqual([1]);
    expect((await unsent.backlog()).events).toBe(2);
  });

  it('when the log cannot take them, then they stay unsent', async () => {
    const event = await append(1);
    const closed = openTemporaryStore();
    const away = new SqliteEventLog(closed.database, 'log');
    closed.close();
    await expect(carry([event], { unsent, log: away })).rejects.toMatchObject({ code: 'log-unavailable' });
    expect((await unsent.backlog()).events).toBe(1);
  });
});

describe('given a stream of the app itself', () => {
  it('when it is carried, then streams of its users are not taken for it', async () => {
    await append(1);
    const context = { commandId: 'c', correlationId: 'c', actor: { kind: 'admin' as const, id: 'a' }, reason: null };
    const fact = { type: 'portcullis.app.sessions-revoked.v1' as const, data: {} };
    await store.appendToApp('main', await store.loadApp('main'), fact, context);
    await store.appendToApp('main', await store.loadApp('main'), fact, context);
    await carry(await unsent.ofStream(newest()._id, 10), { unsent, log });
    expect(await onTheLog()).toEqual(new Map([['main', [1, 2]]]));
  });
});

describe('given processes that append, carry, and die at any moment', () => {
  it('when their steps interleave in any order, then each stream is on the log in order and without gaps', async () => {
    const step = fc.record({
      user: fc.integer({ min: 1, max: 3 }),
      process: fc.integer({ min: 0, max: 1 }),
      dies: fc.boolean(),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 1, maxLength: 15 }), async (scheduler, steps) => {
        run += 1;
        const user = (number: number) => run * 10 + number;
        const scheduled = {
          unsent: {
            among: scheduler.scheduleFunction((keys: readonly string[]) => unsent.among(keys)),
            ofStream: scheduler.scheduleFunction((key: string, limit: number) => unsent.ofStream(key, limit)),
            markSent: scheduler.scheduleFunction((keys: readonly string[]) => unsent.markSent(keys)),
          },
          log: { publish: scheduler.scheduleFunction((records: readonly LogRecord[]) => log.publish(records)) },
        };
        const toolsOf = (mortal: Mortal) => ({
          unsent: mortal.using(scheduled.unsent),
          log: mortal.using(scheduled.log),
        });
        const processes = [new Mortal(), new Mortal()];
        const underWay: Promise<unknown>[] = [];
        for (const { user: number, process, dies } of steps) {
          const stored = await append(user(number));
          const mortal = processes[process] ?? new Mortal();
          underWay.push(carry([stored], toolsOf(mortal), followsSent));
          if (scheduler.count() > 0) await scheduler.waitOne();
          if (dies) {
            mortal.die();
            processes[process] = new Mortal();
          }
        }
        await scheduler.waitAll();
        await Promise.race([Promise.all(underWay), new Promise(setImmediate)]);
        while ((await unsent.backlog()).events > 0) await carry(await unsent.oldest(4), { unsent, log });
        for (const number of [1, 2, 3]) {
          const { version } = await store.loadUser(userNumber(user(number)));
          expect(await versionsOf(user(number))).toEqual(range(version));
        }
      }),
      { numRuns: 40 },
    );
  });
});
