import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Accounts, objectIds, PasswordHasher, Sessions } from '#libs/accounts';
import type { Collection } from '#libs/documents';
import { decideUser, type UserCommand } from '#libs/domain';
import { type LogReader, LogUnavailable } from '#libs/event-log';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import {
  EventStore,
  eventsCollection,
  type StoredEvent,
  UnreadableEvent,
  UnsentEvents,
  userStreams,
} from '#libs/event-store';
import { createLogger, createMetrics, type Metrics, readConfig } from '#libs/platform';
import type { RevocationEntry } from '#libs/revocations';
import { MemoryRevocations } from '#libs/revocations/memory';
import { foldUserDocument, isUserEvent, type UserDocument, Users, usersCollection } from '#libs/users';
import { eventually } from '../../test/support/eventually.js';
import { openTemporaryStore, type TemporaryStore } from '../../test/support/program-store.js';
import { userCommand } from '../../test/support/user-commands.js';
import { projectionsCollection } from './positions.js';
import { type Projector, startProjector } from './projector.js';

const app = 'main';
const lifeMs = 1_800_000;
const config = readConfig({ LOG_FORMAT: 'json' });
const now = Date.now;
const newId = objectIds(now);
const ids = ['ada', 'bob', 'eve'];

let hasher: PasswordHasher;
let temporary: TemporaryStore;
let events: Collection<StoredEvent>;
let store: EventStore;
let revocations: MemoryRevocations;
let accounts: Accounts;
let metrics: Metrics;
let logLines: string[];
let projector: Projector | null;
/** The readers of the log, to be told of troubles as the log would. */
let readers: LogReader[];
beforeEach(async () => {
  hasher ??= await PasswordHasher.create({ memoryKib: 64, passes: 1 });
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now, relayed: false });
  events = await temporary.documents.collection(eventsCollection);
  logLines = [];
  projector = null;
});
afterEach(async () => {
  await projector?.stop();
  temporary.close();
});

/** Starts a projector as a new process would: with a revocation set that is empty. */
async function start(logCollection = eventsCollection.name): Promise<void> {
  const { documents } = temporary;
  revocations = new MemoryRevocations({ lifeMs, now });
  metrics = createMetrics();
  const sessions = await Sessions.open(documents, { lifeMs: 5_000_000, now, newId });
  accounts = await Accounts.open(documents, { hasher, sessions, streams: userStreams(store, app), now, newId });
  const log = new SqliteEventLog(temporary.database, logCollection);
  const read = log.read.bind(log);
  readers = [];
  log.read = (reader) => {
    readers.push(reader);
    return read(reader);
  };
  projector = await startProjector({
    log,
    parked: new SqliteEventLog(temporary.database, 'parked_events'),
    logger: createLogger(config, { write: (line) => logLines.push(line) }),
    metrics,
    documents,
    users: await Users.open(documents, store),
    accounts,
    sessions,
    revocations,
    unsent: await UnsentEvents.open(documents),
    now,
    region: '',
    projections: 'all',
    lifeMs: () => lifeMs,
  });
}

/** What lies on the log of parked events. */
async function parkedEvents(): Promise<StoredEvent[]> {
  const parked = await temporary.documents.collection<StoredEvent>({ name: 'parked_events', indexes: [] });
  return await parked.find({}, { limit: 100 });
}

async function stop(): Promise<void> {
  await projector?.stop();
  projector = null;
}

const context = {
  commandId: 'c',
  correlationId: 'c',
  actor: { kind: 'system', id: 'test' },
  reason: 'because',
} as const;

/** Sends a command to a user's stream, past every app; gives whether it came to a fact. */
async function send(userId: string, command: UserCommand): Promise<boolean> {
  const user = { app, userId };
  const state = await store.loadUser(user);
  const decision = decideUser(command, state);
  if (decision.outcome !== 'fact') return false;
  await store.appendToUser(user, state, decision.fact, context);
  return true;
}

async function revokeEveryone(): Promise<void> {
  await store.appendToApp(
    app,
    await store.loadApp(app),
    { type: 'portcullis.app.sessions-revoked.v1', data: {} },
    context,
  );
}

/** What a user's document must be: the fold of the user's stream. */
async function folded(userId: string): Promise<UserDocument | null> {
  let document: UserDocument | null = null;
  for (const event of await store.read({ app, userId }, 0, 1_000)) {
    if (isUserEvent(event)) document = foldUserDocument(document, event);
  }
  return document;
}

async function projected(userId: string): Promise<UserDocument | null> {
  return (await temporary.documents.collection(usersCollection)).findOne({ _id: `${app}/${userId}` });
}

/** The set's answer for everyone and the app, in a form that can be compared. */
async function revoked() {
  const { entries } = await revocations.lookUp([...ids.map((userId) => ({ app, userId })), { app, userId: null }]);
  return entries.map(
    (entry: RevocationEntry | null) => entry && { ...entry, deadSessions: [...entry.deadSessions].sort() },
  );
}

/** What the set must say, by the streams alone. */
async function mustBeRevoked() {
  const users = await Promise.all(
    ids.map(async (userId) => {
      const events = await store.read({ app, userId }, 0, 1_000);
      const { watermark, watermarkAt } = await store.loadUser({ app, userId });
      const sids = events.flatMap((event) =>
        event.type === 'portcullis.user.session-revoked.v1' ? [event.data.sid] : [],
      );
      const deadSessions = [...new Set(sids)].sort();
      return watermark === 0 && sids.length === 0 ? null : { watermark, at: watermarkAt, deadSessions };
    }),
  );
  const { watermark, watermarkAt } = await store.loadApp(app);
  return [...users, watermark === 0 ? null : { watermark, at: watermarkAt, deadSessions: [] }];
}

/** Waits until the projections have followed, and sees that they are what the streams say. */
async function expectFollowed(): Promise<void> {
  for (const id of ids) {
    const expected = await folded(id);
    await eventually(async () => ((await projected(id))?.version ?? 0) === (expected?.version ?? 0));
    expect(await projected(id)).toEqual(expected);
  }
  const expected = await mustBeRevoked();
  await eventually(async () => JSON.stringify(await revoked()) === JSON.stringify(expected));
}

/** Puts an event on the log that no reader of today knows. */
async function poison(): Promise<void> {
  const stored: StoredEvent = {
    _id: `main/poison:0000000001`,
    key: 'poison',
    event: { type: 'portcullis.user.renamed.v1', revision: 1, time: now() },
    state: { version: 1, watermark: 0, watermarkAt: 0 },
  };
  await events.insertOne(stored);
}

/** What a newer program, or an operator, would do about it. */
async function mendPoison(): Promise<void> {
  await temporary.database.write(eventsCollection.name, (connection) =>
    connection.change(`DELETE FROM "events" WHERE _id = 'main/poison:0000000001'`),
  );
}

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ userId: fc.constantFrom(...ids), command: userCommand }) },
  { weight: 1, arbitrary: fc.constant('everyone' as const) },
  { weight: 2, arbitrary: fc.constant('restart' as const) },
  { weight: 1, arbitrary: fc.record({ rewindTo: fc.nat(10) }) },
);

describe('given any history, and a projector that is stopped and started anywhere in it', () => {
  it('then user documents and revocation set are what the streams say, however often the log is repeated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await stop();
        temporary.close();
        temporary = openTemporaryStore();
        store = await EventStore.open(temporary.documents, { now, relayed: false });
        for (const id of ids) await send(id, { type: 'register', confirmed: true });
        await start();
        for (const each of steps) {
          if (each === 'everyone') await revokeEveryone();
          else if (each === 'restart') {
            await stop();
            await start();
          } else if ('rewindTo' in each) {
            // A crash between the data and the position, or a store put back from a backup.
            await stop();
            await rewind(each.rewindTo);
            await start();
          } else await send(each.userId, each.command);
        }
        await expectFollowed();
        const before = await revoked();

        await stop();
        await rewind(0);
        await start();
        expect(await revoked()).toEqual(before);
        await expectFollowed();
        expect(logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  async function rewind(position: number): Promise<void> {
    const positions = await temporary.documents.collection(projectionsCollection);
    await positions.updateMany({ position: { $gt: position } }, { $set: { position } });
  }
});

describe('given a set that is emptied under a running projector', () => {
  it('then it is filled again from the log, and only then declared whole', async () => {
    await send('ada', { type: 'register', confirmed: true });
    await send('ada', { type: 'disable' });
    await start();
    await revocations.forget();
    expect((await revocations.status()).generation).toBeNull();
    await eventually(async () => (await revocations.status()).generation !== null);
    expect(await revoked()).toEqual(await mustBeRevoked());
  });
});

describe('given events that the relay has not carried to the log yet', () => {
  it('when a set is filled, then it holds them too', async () => {
    store = await EventStore.open(temporary.documents, { now, relayed: true });
    await send('ada', { type: 'register', confirmed: true });
    await send('ada', { type: 'disable' });
    await start('a_log_that_has_none_of_them');
    const { generation, entries } = await revocations.lookUp([{ app, userId: 'ada' }]);
    expect(generation).not.toBeNull();
    expect(entries).toMatchObject([{ watermark: 2 }]);
  });
});

describe('given a user who is deleted', () => {
  it('when the projector was not there at the time, then it erases the account when it comes', async () => {
    const claim = { app, email: 'ada@example.org', password: 'correct horse', attempt: 'c', newUserId: 'ada' };
    await start();
    await accounts.claimEmail(claim);
    await send('ada', { type: 'register', confirmed: true });
    await accounts.settle('ada', 'c');
    await stop();
    await send('ada', { type: 'delete' });
    expect(await accounts.find('ada')).not.toBeNull();
    await start();
    await eventually(async () => (await accounts.find('ada')) === null);
    expect(await accounts.findByEmail(app, 'ada@example.org')).toBeNull();
  });
});

describe('given an event that cannot be read', () => {
  const lag = async (projection: string) =>
    (await metrics.projectorLag.get()).values.find(({ labels }) => labels.projection === projection)?.value;

  it('when it comes while the projector runs, then revocations stop there and readiness says so', async () => {
    for (const id of ids) await send(id, { type: 'register', confirmed: true });
    await start();
    await expect(projector?.check.check()).resolves.toBeUndefined();
    // In one turn, so that they come in one batch.
    const states = await Promise.all(ids.map((userId) => store.loadUser({ app, userId })));
    const disable = (index: number) => {
      const [userId = '', state = states[0]] = [ids[index], states[index]];
      if (!state) throw new Error('no state');
      return store.appendToUser({ app, userId }, state, { type: 'portcullis.user.disabled.v1', data: {} }, context);
    };
    await Promise.all([disable(0), poison(), disable(1)]);

    await eventually(async () => (await revoked())[0] !== null);
    await eventually(() =>
      projector?.check.check().then(
        () => false,
        (error) => error instanceof UnreadableEvent,
      ),
    );
    expect((await revoked())[1]).toBeNull();
    expect(await lag('revocations')).toBeGreaterThan(0);
    expect(logLines.join()).toContain('the revocation set cannot follow the log; retrying');

    await mendPoison();
    await eventually(async () => (await revoked())[1] !== null);
    await eventually(() =>
      projector?.check.check().then(
        () => true,
        () => false,
      ),
    );
    await eventually(async () => (await lag('revocations')) === 0);
  });

  it('when it was there before the projector, then the set is not whole, and becomes so when it is mended', async () => {
    await send('ada', { type: 'register', confirmed: true });
    await send('ada', { type: 'disable' });
    await poison();
    await send('bob', { type: 'register', confirmed: true });
    await send('bob', { type: 'disable' });
    await start();
    expect((await revocations.status()).generation).toBeNull();
    await expect(projector?.check.check()).rejects.toBeInstanceOf(UnreadableEvent);

    await mendPoison();
    await eventually(async () => (await revocations.status()).generation !== null);
    expect(await revoked()).toEqual(await mustBeRevoked());
    await eventually(() =>
      projector?.check.check().then(
        () => true,
        () => false,
      ),
    );
  });

  it('when the user documents come to it, then it is parked with the reason, and those behind it go on', async () => {
    await start();
    await poison();
    await send('bob', { type: 'register', confirmed: true });
    await eventually(async () => (await projected('bob')) !== null);
    await eventually(async () => (await lag('users')) === 0);
    const parked = (await parkedEvents()).filter(({ event }) => event.projection === 'users');
    expect(parked).toMatchObject([
      { event: { reason: expect.stringContaining('portcullis.user.'), value: expect.anything() } },
    ]);
    expect(await metrics.registry.metrics()).toContain('portcullis_parked_events_total{projection="users"} 1');
    expect(logLines.some((line) => line.includes('an event was parked'))).toBe(true);
  });

  it('when it was parked already, then reading the log again parks it no second time', async () => {
    await start();
    await poison();
    await eventually(async () => (await parkedEvents()).length === 2); // Users and erasure.
    await stop();
    await (await temporary.documents.collection(projectionsCollection)).deleteMany({});
    await start();
    await send('bob', { type: 'register', confirmed: true });
    await eventually(async () => (await projected('bob')) !== null);
    expect(await parkedEvents()).toHaveLength(2);
  });

  it('when the projector is stopped while it is stuck, then it stops', async () => {
    await poison();
    await start();
    await stop();
    expect(logLines.length).toBeGreaterThan(0);
  });
});

describe('given a log that was out of reach for a moment', () => {
  it('when it is back and nothing new is on it, then the projector is ready again', async () => {
    await send('ada', { type: 'register', confirmed: true });
    await start();
    for (const { onTrouble } of readers) onTrouble(new LogUnavailable('away'));
    await expect(projector?.check.check()).rejects.toBeInstanceOf(LogUnavailable);
    await eventually(() => projector?.check.check().then(() => true));
  });
});

describe('given a store that goes away', () => {
  it('then the projections wait and the projector can be stopped', async () => {
    await start();
    temporary.database.close();
    await stop();
  });
});
