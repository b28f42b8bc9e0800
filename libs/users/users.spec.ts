import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideUser, evolveUser, type UserCommand, type UserFact, unknownUser } from '#libs/domain';
import { EventStore } from '#libs/event-store';
import { inOrder } from '../../test/support/given.js';
import { openTemporaryStore, type TemporaryStore } from '../../test/support/program-store.js';
import { userCommands } from '../../test/support/user-commands.js';
import { foldUserDocument, isUserEvent, type UserDocument, type UserEvent } from './user-document.js';
import { ProjectionGap, Users, usersCollection } from './users.js';

let time = 0;
let temporary: TemporaryStore;
let store: EventStore;
let users: Users;
beforeEach(async () => {
  time = Date.UTC(2025, 0, 1);
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now: () => time, relayed: false });
  users = await Users.open(temporary.documents, store);
});
afterEach(() => temporary.close());

const app = 'main';
const registered: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: true } };
const disabled: UserFact = { type: 'portcullis.user.disabled.v1', data: {} };
const enabled: UserFact = { type: 'portcullis.user.enabled.v1', data: {} };
const revoked: UserFact = { type: 'portcullis.user.sessions-revoked.v1', data: {} };

/** Appends facts with a reason each, and gives their events. */
async function append(userId: string, ...facts: readonly (readonly [UserFact, string | null])[]): Promise<UserEvent[]> {
  for (const [fact, reason] of facts) {
    time += 1_000;
    const state = await store.loadUser({ app, userId });
    const context = { commandId: 'c', correlationId: 'c', actor: { kind: 'admin', id: 'k' }, reason } as const;
    await store.appendToUser({ app, userId }, state, fact, context);
  }
  return (await store.read({ app, userId }, 0, 500)).filter(isUserEvent);
}

const stored = async (userId: string): Promise<UserDocument | null> =>
  (await temporary.documents.collection(usersCollection)).findOne({ _id: `${app}/${userId}` });

describe('given a store that was put back to an earlier state under a running projection', () => {
  it('when the log goes on, or is repeated, then the document is what the stream says', async () => {
    const events = await append('ada', [registered, null], [disabled, null], [enabled, null]);
    const [first, , third] = events;
    for (const event of events) await users.project(event);
    const documents = await temporary.documents.collection(usersCollection);
    const newest = await stored('ada');
    for (const earlier of [first, null]) {
      await documents.deleteMany({});
      if (earlier) await documents.insertOne(foldUserDocument(null, earlier));
      if (third) await users.project(third);
      expect(await stored('ada')).toEqual(newest);
    }
    await documents.deleteMany({});
    for (const event of await append('ada', [revoked, null])) await users.project(event);
    expect(await stored('ada')).toMatchObject({ version: 4, watermark: 4 });
  });
});

describe('given a history', () => {
  it('when it is projected event by event, then the document says where the user stands, since when and why', async () => {
    const began = time;
    const events = await append('ada', [registered, null], [disabled, 'late'], [revoked, 'leak']);
    for (const event of events) await users.project(event);
    expect(await stored('ada')).toEqual({
      _id: 'main/ada',
      app,
      userId: 'ada',
      status: 'disabled',
      version: 3,
      watermark: 3,
      watermarkAt: began + 3_000,
      registeredAt: began + 1_000,
      changedAt: began + 3_000,
      statusReason: 'late',
    });
    for (const event of await append('ada', [enabled, 'paid'])) await users.project(event);
    expect(await stored('ada')).toMatchObject({ status: 'confirmed', statusReason: 'paid', version: 4 });
  });

  it('when its newest event comes first, then what is missing is read from the stream', async () => {
    const events = await append('ada', [registered, null], [disabled, null], [enabled, null]);
    const newest = events.at(-1);
    if (newest) await users.project(newest);
    expect(await stored('ada')).toMatchObject({ version: 3, status: 'confirmed' });
  });

  it('when an event before it is nowhere, then ProjectionGap, and the document stays', async () => {
    const events = await append('ada', [registered, null], [disabled, null], [enabled, null]);
    const [first, , third] = events;
    if (first) await users.project(first);
    await temporary.database.write('events', (connection) =>
      connection.change(`DELETE FROM "events" WHERE _id LIKE '%0000000002'`),
    );
    await expect(third && users.project(third)).rejects.toBeInstanceOf(ProjectionGap);
    expect(await stored('ada')).toMatchObject({ version: 1 });
  });
});

describe('given any history', () => {
  it('when its events come in any order, repeated, and from several projectors at once, then the document is the fold', async () => {
    let number = 0;
    const deliveries = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(userCommands, deliveries, async (sequence, order) => {
        number += 1;
        const userId = `user ${number}`;
        const events = await append(userId, ...factsOf(sequence).map((fact) => [fact, null] as const));
        if (events.length === 0) return;
        const delivered = order.flatMap((index) => events[index % events.length] ?? []);
        await Promise.all([...delivered, ...events].map((event) => users.project(event)));
        const fold = events.reduce<UserDocument | null>(foldUserDocument, null);
        expect(await stored(userId)).toEqual(fold);
        expect(await users.get(app, userId)).toEqual(fold);
      }),
      { numRuns: 40 },
    );
  });

  function factsOf(sequence: readonly UserCommand[]): UserFact[] {
    const facts: UserFact[] = [];
    let state = unknownUser;
    for (const command of sequence) {
      const decision = decideUser(command, state);
      if (decision.outcome !== 'fact') continue;
      facts.push(decision.fact);
      state = inOrder(facts).reduce(evolveUser, unknownUser);
    }
    return facts;
  }
});

describe('given events that are not projected yet', () => {
  it('when the user is asked for, then the answer is as of the newest one, and nothing is stored', async () => {
    const events = await append('ada', [registered, null]);
    for (const event of events) await users.project(event);
    await append('ada', [disabled, null]);
    expect(await users.get(app, 'ada')).toMatchObject({ version: 2, status: 'disabled' });
    expect(await stored('ada')).toMatchObject({ version: 1 });
  });

  it('when there are more than a page of them, then all are folded in', async () => {
    await append('ada', [registered, null]);
    await temporary.database.write('events', (connection) => {
      const [row] = connection.rows('SELECT doc FROM "events" LIMIT 1');
      const { event } = JSON.parse(String(row?.[0]));
      for (let version = 2; version <= 1_100; version += 1) {
        const next = { ...event, version, type: 'portcullis.user.sessions-revoked.v1', data: {} };
        const _id = `main/ada:${String(version).padStart(10, '0')}`;
        connection.change('INSERT INTO "events" (_id, doc) VALUES (?, ?)', [_id, JSON.stringify({ _id, event: next })]);
      }
    });
    expect(await users.get(app, 'ada')).toMatchObject({ version: 1_100, watermark: 1_100 });
  });

  it('when nobody has the id, then null', async () => {
    expect(await users.get(app, 'nobody')).toBeNull();
    expect(await users.get('other', 'ada')).toBeNull();
  });
});

describe('given users of two apps', () => {
  it('when one app is listed, then only its users come, of the states asked for, in order of id', async () => {
    for (const id of ['c', 'a', 'b'])
      for (const event of await append(id, [registered, null])) await users.project(event);
    for (const event of await append('b', [disabled, null])) await users.project(event);
    const documents = await temporary.documents.collection(usersCollection);
    const [some] = await documents.find({}, { limit: 1 });
    if (some) await documents.insertOne({ ...some, _id: 'other/a', app: 'other' });

    const list = async (statuses: UserDocument['status'][], after: string | null, limit: number) =>
      (await users.list({ app, statuses, after, limit })).map(({ userId }) => userId);
    expect(await list(['confirmed', 'disabled'], null, 10)).toEqual(['a', 'b', 'c']);
    expect(await list(['confirmed', 'disabled'], 'a', 1)).toEqual(['b']);
    expect(await list(['disabled'], null, 10)).toEqual(['b']);
    expect(await list([], null, 10)).toEqual([]);
  });
});
