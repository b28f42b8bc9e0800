import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, UnsentEvents } from '#libs/event-store';
import { createLogger, createMetrics } from '#libs/platform';
import { eventually } from '../../../test/support/eventually.js';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { appendNext, userNumber } from '../../../test/support/user-history.js';
import { type Relay, startRelay } from './relay.js';

let temporary: TemporaryStore;
let store: EventStore;
let unsent: UnsentEvents;
let log: SqliteEventLog;
const relays: Relay[] = [];
const metrics = createMetrics();
beforeEach(async () => {
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now: Date.now, relayed: true });
  unsent = await UnsentEvents.open(temporary.documents);
  log = new SqliteEventLog(temporary.database, 'log');
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await log.close();
  temporary.close();
});

const start = async (through = log) => {
  const relay = await startRelay({
    store,
    documents: temporary.documents,
    log: through,
    logger: createLogger({ LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }),
    metrics,
    now: Date.now,
  });
  relays.push(relay);
  return relay;
};
const carried = () => eventually(async () => (await unsent.backlog()).events === 0);
const total = async () => [...(await log.ends()).values()].reduce((sum, end) => sum + end - 1, 0);

describe('given a relay', () => {
  it('when an event is appended, then it is on the log at once', async () => {
    await start();
    await carried();
    const begun = Date.now();
    await appendNext(store, userNumber(1));
    await carried();
    expect(Date.now() - begun).toBeLessThan(800);
    expect(await total()).toBe(1);
  });

  it('when a process left events behind, then the relay of another one carries them', async () => {
    for (const number of [1, 2, 1, 3, 1]) await appendNext(store, userNumber(number));
    await start();
    await carried();
    expect(await total()).toBe(5);
  });

  it('when it stops, then what was appended before is on the log', async () => {
    const relay = await start();
    await Promise.all(Array.from({ length: 50 }, (_, number) => appendNext(store, userNumber(number))));
    await relay.stop();
    expect(await total()).toBe(50);
  });

  it('when the log is away, then appends go on and the backlog shows; stopping does not wait for it', async () => {
    const elsewhere = openTemporaryStore();
    const away = new SqliteEventLog(elsewhere.database, 'log');
    elsewhere.close();
    const relay = await start(away);
    for (const number of [1, 1, 2]) await appendNext(store, userNumber(number));
    const shown = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0;
    await eventually(async () => (await shown('portcullis_relay_backlog_events')) === 3);
    await eventually(async () => (await shown('portcullis_relay_backlog_age_seconds')) > 1);
    const begun = Date.now();
    await relay.stop();
    expect(Date.now() - begun).toBeLessThan(4_000);
    await start();
    await carried();
    expect(await total()).toBe(3);
    await eventually(async () => (await shown('portcullis_relay_backlog_events')) === 0);
  });
});
