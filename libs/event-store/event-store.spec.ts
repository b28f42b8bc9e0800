import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StoreUnavailable } from '#libs/documents';
import {
  type CommandContext,
  decideUser,
  evolveUser,
  type RecordedEvent,
  type UserCommand,
  type UserFact,
  type UserState,
  type UserStep,
  unknownUser,
} from '#libs/domain';
import { openTemporaryStore, type TemporaryStore } from '../../test/support/program-store.js';
import { userCommands } from '../../test/support/user-commands.js';
import { EventStore, eventsCollection, type StoredEvent, type UserRef, VersionConflict } from './event-store.js';
import { UnreadableEvent } from './read-event.js';
import { userStreams } from './user-streams.js';

let time = 0;
const now = () => time;
let temporary: TemporaryStore;
let store: EventStore;
beforeEach(async () => {
  time = Date.UTC(2025, 0, 1);
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now, relayed: false });
});
afterEach(() => temporary.close());

const ada: UserRef = { app: 'main', userId: '5f00000000000000000000aa' };
const registered: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: true } };
const disabled: UserFact = { type: 'portcullis.user.disabled.v1', data: {} };
const sent = (commandId = 'c1'): CommandContext => ({
  commandId,
  correlationId: 'corr',
  actor: { kind: 'admin', id: 'first' },
  reason: null,
});

/** Appends the facts one after the other, a second apart, and gives the state after them. */
async function append(user: UserRef, ...facts: readonly UserFact[]): Promise<UserState> {
  let state = await store.loadUser(user);
  for (const fact of facts) {
    time += 1_000;
    state = (await store.appendToUser(user, state, fact, sent(`c${state.version + 1}`))).state;
  }
  return state;
}

describe('given an empty stream', () => {
  it('when it is loaded, then nothing is known of it', async () => {
    expect(await store.loadUser(ada)).toEqual(unknownUser);
    expect(await store.loadApp('main')).toEqual({ version: 0, watermark: 0, watermarkAt: 0 });
    expect(await store.read(ada, 0, 10)).toEqual([]);
    expect(await store.firstCommandId(ada)).toBeNull();
    expect(await store.findByCommand(ada, 'c1', 0)).toBeNull();
  });

  it('when a fact is appended, then the event is whole, and the state is the fold', async () => {
    time = 42_000;
    const appended = await store.appendToUser(ada, unknownUser, registered, { ...sent('cmd'), reason: 'new' });
    expect(appended.event).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'portcullis.user.registered.v1',
      revision: 1,
      app: 'main',
      userId: ada.userId,
      version: 1,
      time: 42_000,
      actor: { kind: 'admin', id: 'first' },
      reason: 'new',
      commandId: 'cmd',
      correlationId: 'corr',
      data: { confirmed: true },
    });
    expect(appended.state).toEqual({ status: 'confirmed', version: 1, watermark: 0, watermarkAt: 0 });
    expect(await store.loadUser(ada)).toEqual(appended.state);
    expect(await store.read(ada, 0, 10)).toEqual([appended.event]);
  });

  it('when what is appended would not be an event, then nothing is stored', async () => {
    const tooLong = { ...sent(), reason: 'x'.repeat(501) };
    await expect(store.appendToUser(ada, unknownUser, registered, tooLong)).rejects.toBeInstanceOf(UnreadableEvent);
    expect(await store.loadUser(ada)).toEqual(unknownUser);
  });

  it('when the context carries more than it should, then that stays out of the event', async () => {
    const curious = { ...sent(), password: 'secret', actor: { kind: 'admin' as const, id: 'first', name: 'Ada' } };
    await store.appendToUser(ada, unknownUser, registered, curious);
    expect(JSON.stringify(await store.read(ada, 0, 1))).not.toMatch(/secret|Ada/);
  });
});

describe('given a stream at version 2', () => {
  let state: UserState;
  beforeEach(async () => {
    state = await append(ada, registered, disabled);
  });

  it('when a fact is appended at an older version, then VersionConflict, and the stream is as it was', async () => {
    const stale = { ...state, version: 1 };
    await expect(store.appendToUser(ada, stale, disabled, sent())).rejects.toMatchObject({
      code: 'version-conflict',
      expectedVersion: 1,
    });
    expect(await store.loadUser(ada)).toEqual(state);
  });

  it('when fifty append at that version at once, then one wins, and the others are told of the conflict', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => store.appendToUser(ada, state, disabled, sent(`racer ${n}`))),
    );
    const losers = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(losers).toHaveLength(49);
    for (const { reason } of losers) expect(reason).toBeInstanceOf(VersionConflict);
    expect((await store.read(ada, 0, 100)).map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('when it is read from a version on, then only later events come, oldest first, at most as many as asked', async () => {
    await append(ada, disabled, disabled, disabled);
    const versions = async (after: number, limit: number) =>
      (await store.read(ada, after, limit)).map(({ version }) => version);
    expect(await versions(0, 100)).toEqual([1, 2, 3, 4, 5]);
    expect(await versions(2, 2)).toEqual([3, 4]);
    expect(await versions(5, 100)).toEqual([]);
  });

  it('when the store goes away, then every method says so', async () => {
    temporary.database.close();
    await expect(store.loadUser(ada)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.read(ada, 0, 1)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.appendToUser(ada, state, disabled, sent())).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe('given a stream past its tenth and its tenthousandth version', () => {
  it('when it is loaded and read, then versions sort as numbers', async () => {
    const events = await temporary.documents.collection(eventsCollection);
    for (const version of [2, 9, 10, 99, 100, 9_999, 10_000]) {
      const state: UserState = { status: 'confirmed', version: version - 1, watermark: 0, watermarkAt: 0 };
      await store.appendToUser(ada, state, disabled, sent());
    }
    expect((await store.loadUser(ada)).version).toBe(10_000);
    expect((await store.read(ada, 9, 10)).map(({ version }) => version)).toEqual([10, 99, 100, 9_999, 10_000]);
    expect(await events.countDocuments({})).toBe(7);
  });
});

describe('given a command that left an event', () => {
  it('when it is looked for, then it is found with the state after it, wherever it lies', async () => {
    await append(ada, registered, ...Array<UserFact>(120).fill(disabled));
    for (const version of [1, 2, 50, 51, 71, 72, 120, 121]) {
      const found = await store.findByCommand(ada, `c${version}`, 0);
      expect(found).toMatchObject({ event: { version }, state: { version } });
    }
    expect(await store.findByCommand(ada, 'c122', 0)).toBeNull();
    expect(await store.findByCommand({ ...ada, userId: 'b' }, 'c1', 0)).toBeNull();
  });

  it('when it is older than the time that is looked back to, then it is not found', async () => {
    await append(ada, registered, disabled, disabled);
    expect(await store.findByCommand(ada, 'c2', time - 1_000)).toMatchObject({ event: { version: 2 } });
    expect(await store.findByCommand(ada, 'c1', time - 999)).toBeNull();
  });

  it('when the command that began the stream is asked for, then it is the first one, whatever came later', async () => {
    await append(ada, registered, disabled);
    expect(await store.firstCommandId(ada)).toBe('c1');
  });
});

describe('given any sequence of commands', () => {
  it('when each is decided on the loaded state, then what is stored is the fold of what can be read', async () => {
    let user = 0;
    await fc.assert(
      fc.asyncProperty(userCommands, async (sequence) => {
        user += 1;
        const ref = { app: 'main', userId: `user ${user}` };
        const expected = await send(ref, sequence);
        const events = await store.read(ref, 0, 500);
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
        expect(events.map(({ type }) => type)).toEqual(expected);
        expect(await store.loadUser(ref)).toEqual(fold(events));
      }),
      { numRuns: 40 },
    );
  });

  /** Gives the types of the facts that came of it. */
  async function send(ref: UserRef, sequence: readonly UserCommand[]): Promise<string[]> {
    const types: string[] = [];
    for (const command of sequence) {
      const state = await store.loadUser(ref);
      const decision = decideUser(command, state);
      if (decision.outcome !== 'fact') continue;
      time += 1;
      types.push((await store.appendToUser(ref, state, decision.fact, sent())).event.type);
    }
    return types;
  }
});

function fold(events: readonly RecordedEvent[]): UserState {
  return events.filter(isStep).reduce(evolveUser, unknownUser);
}

function isStep(event: RecordedEvent): event is RecordedEvent & UserStep {
  return event.userId !== null;
}

describe('given two streams with whatever names', () => {
  /** Everything that can be written as UTF-8: half a surrogate pair cannot. */
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
    fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'/:;%|0123a\0') }),
    fc.constantFrom('a', 'a:0000000001', 'a/b', 'a;', 'a%3A', 'okta|jane', '..', 'main', '\u{10FFFF}'),
  );

  it('when something is appended to one, then the other one does not see it', async () => {
    let app = 0;
    await fc.assert(
      fc.asyncProperty(name, name, async (left, right) => {
        fc.pre(left !== right);
        app += 1;
        const one = { app: `app-${app}`, userId: left };
        const other = { app: `app-${app}`, userId: right };
        await append(one, registered, disabled);
        expect(await store.loadUser(one)).toMatchObject({ version: 2 });
        expect(await store.loadUser(other)).toEqual(unknownUser);
        expect(await store.read(other, 0, 10)).toEqual([]);
        expect(await store.loadApp(`app-${app}`)).toMatchObject({ version: 0 });
      }),
      { numRuns: 150 },
    );
  });

  it('when an app has a stream of its own, then its users and other apps do not see it', async () => {
    const context = sent();
    await store.appendToApp(
      'a',
      await store.loadApp('a'),
      { type: 'portcullis.app.sessions-revoked.v1', data: {} },
      context,
    );
    expect(await store.loadApp('a')).toMatchObject({ version: 1, watermark: 1, watermarkAt: time });
    for (const app of ['a-', 'a0', 'A', 'a_']) expect(await store.loadApp(app)).toMatchObject({ version: 0 });
    expect(await store.loadUser({ app: 'a', userId: 'a' })).toEqual(unknownUser);
    expect(await store.read({ app: 'a', userId: null }, 0, 10)).toHaveLength(1);
  });
});

describe('given an event in the store that cannot be read', () => {
  it.each([
    ['of an unknown type', { type: 'portcullis.user.renamed.v1' }],
    ['of a newer revision', { revision: 2 }],
    ['with a field too many', { email: 'ada@example.org' }],
    ['without a version', { version: undefined }],
  ])('when it is %s, then reading says so and does not skip it', async (_name, change) => {
    await append(ada, registered);
    const [first] = await store.read(ada, 0, 1);
    const events = await temporary.documents.collection(eventsCollection);
    const stored: StoredEvent = {
      _id: `main/${ada.userId}:0000000002`,
      key: ada.userId,
      event: { ...first, version: 2, ...change },
      state: unknownUser,
    };
    await events.insertOne(stored);
    await expect(store.read(ada, 0, 10)).rejects.toBeInstanceOf(UnreadableEvent);
  });
});

describe('given what the accounts ask of a stream', () => {
  it('then it is absent, living or deleted', async () => {
    const streams = userStreams(store, 'main');
    expect(await streams.standing(ada.userId)).toBe('absent');
    await append(ada, registered);
    expect(await streams.standing(ada.userId)).toBe('living');
    expect(await streams.firstCommandId(ada.userId)).toBe('c1');
    await append(ada, { type: 'portcullis.user.deleted.v1', data: {} });
    expect(await streams.standing(ada.userId)).toBe('deleted');
  });
});

describe('given a relayed store', () => {
  it('when something is appended, then the event is born marked unsent', async () => {
    const relayed = await EventStore.open(temporary.documents, { now, relayed: true });
    await relayed.appendToUser(ada, unknownUser, registered, sent());
    const events = await temporary.documents.collection(eventsCollection);
    expect(await events.find({ unsent: { $gte: 0 } }, { limit: 10 })).toHaveLength(1);
  });
});
