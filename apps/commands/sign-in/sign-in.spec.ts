import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Accounts, objectIds, PasswordHasher, Sessions, SignInThrottle } from '#libs/accounts';
import { EventStore, userStreams } from '#libs/event-store';
import { SigningKeys, TokenIssuer } from '#libs/tokens';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { SignIn } from './sign-in.js';

const app = 'main';
const userId = '5f00000000000000000000aa';
const now = Date.now;
const newId = objectIds(now);
const context = { commandId: 'c1', correlationId: 'corr', actor: { kind: 'admin', id: 'k' }, reason: null } as const;
const credentials = { email: 'ada@example.org', password: 'correct horse' };

let temporary: TemporaryStore;
let store: EventStore;
let sessions: Sessions;
let accounts: Accounts;
beforeEach(async () => {
  temporary = openTemporaryStore();
  const { documents } = temporary;
  store = await EventStore.open(documents, { now, relayed: false });
  sessions = await Sessions.open(documents, { lifeMs: 60_000, now, newId });
  const hasher = await PasswordHasher.create({ memoryKib: 8, passes: 1 });
  accounts = await Accounts.open(documents, { hasher, sessions, streams: userStreams(store, app), now, newId });
  await accounts.claimEmail({ app, ...credentials, attempt: context.commandId, newUserId: userId });
  const registered = { type: 'portcullis.user.registered.v1', data: { confirmed: true } } as const;
  await store.appendToUser({ app, userId }, await store.loadUser({ app, userId }), registered, context);
  await accounts.settle(userId, context.commandId);
});
afterEach(() => temporary.close());

/** Signing in, where `beforeBegin` comes in between the reading of the stream and the beginning of the session. */
async function signIn(beforeBegin: () => Promise<void>) {
  const { documents } = temporary;
  const keys = await SigningKeys.open(documents, {
    algorithm: 'ES256',
    publishAheadMs: 0,
    longestTokenLifeMs: 60_000,
    skewMs: 0,
    now,
  });
  const signingIn = new SignIn({
    accounts,
    sessions: {
      begin: async (session) => {
        await beforeBegin();
        return await sessions.begin(session);
      },
      eraseOf: (user) => sessions.eraseOf(user),
    },
    throttle: await SignInThrottle.open(documents, { now }),
    store,
    issuer: new TokenIssuer({
      keys,
      issuer: 'portcullis',
      audience: app,
      accessTtlMs: 1_000,
      refreshTtlMs: 60_000,
      newId,
      now,
    }),
  });
  return await signingIn.withPassword({ app, ...credentials, deviceId: null, device: {}, address: '192.0.2.7' });
}

async function deleteUser(): Promise<void> {
  const deleted = { type: 'portcullis.user.deleted.v1', data: {} } as const;
  await store.appendToUser({ app, userId }, await store.loadUser({ app, userId }), deleted, context);
  await accounts.erase(userId);
}

describe('given a user who signs in', () => {
  it('when nothing comes in between, then there is a session', async () => {
    expect(await signIn(async () => undefined)).toMatchObject({ userId });
    expect(await sessions.listOf(userId, 10)).toHaveLength(1);
  });

  it('when the user is deleted and erased meanwhile, then the sign-in is refused and leaves nothing behind', async () => {
    await expect(signIn(deleteUser)).rejects.toMatchObject({ code: 'invalid-credentials' });
    expect(await sessions.listOf(userId, 10)).toEqual([]);
  });
});
