import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from '../support/program.js';
import { Client } from '../support/program-client.js';

let program: Program;
let client: Client;
beforeAll(async () => {
  program = await startProgram();
  client = new Client(program);
});
afterAll(() => program.close());

describe('given a user who is signed in', () => {
  it('when the user is disabled and enabled, then the gate drops at once, and only a new sign-in passes it', async () => {
    const user = await client.register();
    const old = await client.signIn(user);
    expect(await client.verdict(old.access)).toBe(200);

    expect((await client.command(user.id, 'disable')).body.enforcement.status).toBe('enforced');
    expect(await client.verdict(old.access)).toBe(401);
    expect(await client.refresh(old.refresh)).toMatchObject({ status: 401 });
    expect(await client.trySignIn(user)).toMatchObject({ status: 401, body: { error_code: 'UserDisabled' } });

    expect((await client.command(user.id, 'enable')).status).toBe(200);
    expect(await client.verdict(old.access)).toBe(401);
    expect(await client.refresh(old.refresh)).toMatchObject({ status: 401 });
    expect(await client.verdict((await client.signIn(user)).access)).toBe(200);
  });

  it('when the sessions are revoked, then every one is dead, and the user is let in again at once', async () => {
    const user = await client.register();
    const [phone, laptop] = [await client.signIn(user), await client.signIn(user)];

    expect((await client.command(user.id, 'revoke-sessions')).status).toBe(200);
    expect(await client.verdict(phone.access)).toBe(401);
    expect(await client.verdict(laptop.access)).toBe(401);
    expect(await client.verdict((await client.signIn(user)).access)).toBe(200);
    expect(await client.verdict(phone.access)).toBe(401);
  });

  it('when the user is deleted, then tokens, sessions and the way back are gone', async () => {
    const user = await client.register();
    const tokens = await client.signIn(user);

    expect((await client.delete(user.id)).status).toBe(200);
    expect(await client.verdict(tokens.access)).toBe(401);
    expect(await client.refresh(tokens.refresh)).toMatchObject({ status: 401 });
    expect(await client.trySignIn(user)).toMatchObject({ status: 401, body: { error_code: 'InvalidPassword' } });
  });

  it('when one session is revoked, then the other one lives', async () => {
    const user = await client.register();
    const [phone, laptop] = [await client.signIn(user), await client.signIn(user)];

    const answer = await client.admin('DELETE', `/v1/users/${user.id}/sessions/${phone.sid}`);
    expect(answer).toMatchObject({ status: 200, body: { events: [{ type: 'portcullis.user.session-revoked.v1' }] } });
    expect(await client.verdict(phone.access)).toBe(401);
    expect(await client.refresh(phone.refresh)).toMatchObject({ status: 401 });
    expect(await client.verdict(laptop.access)).toBe(200);
    expect(await client.refresh(laptop.refresh)).toMatchObject({ status: 201 });
  });

  it('when the user signs out, then that session is dead and another one lives', async () => {
    const user = await client.register();
    const [phone, laptop] = [await client.signIn(user), await client.signIn(user)];

    expect((await client.signOut(phone.refresh)).status).toBe(204);
    expect(await client.verdict(phone.access)).toBe(401);
    expect(await client.refresh(phone.refresh)).toMatchObject({ status: 401 });
    expect(await client.verdict(laptop.access)).toBe(200);
  });

  it.each(['access', 'refresh'] as const)(
    'when the %s token is revoked by its holder, then its session is dead',
    async (use) => {
      const user = await client.register();
      const [phone, laptop] = [await client.signIn(user), await client.signIn(user)];

      expect((await client.revokeToken({ token: phone[use], token_type_hint: `${use}_token` })).status).toBe(200);
      expect(await client.verdict(phone.access)).toBe(401);
      expect(await client.refresh(phone.refresh)).toMatchObject({ status: 401 });
      expect(await client.verdict(laptop.access)).toBe(200);
      expect((await client.revokeToken({ token: phone[use] })).status).toBe(200);
    },
  );

  it('when the tokens of a deleted user are revoked, or one that nobody issued, then that is no error', async () => {
    const user = await client.register();
    const tokens = await client.signIn(user);
    await client.delete(user.id);
    for (const token of [tokens.access, tokens.refresh, 'unknown', `${tokens.access}x`]) {
      expect(await client.revokeToken({ token })).toMatchObject({ status: 200, text: '' });
    }
  });

  it('when everyone is revoked at once, then nobody passes, and whoever signs in again does', async () => {
    const [ada, bob] = [await client.register(), await client.register()];
    const [adas, bobs] = [await client.signIn(ada), await client.signIn(bob)];

    const answer = await client.admin('POST', '/v1/apps/main/revoke-sessions', { json: { reason: 'key leaked' } });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        userId: null,
        version: 1,
        events: [{ type: 'portcullis.app.sessions-revoked.v1', version: 1 }],
        enforcement: { status: 'enforced' },
      },
    });
    for (const tokens of [adas, bobs]) {
      expect(await client.verdict(tokens.access)).toBe(401);
      expect(await client.refresh(tokens.refresh)).toMatchObject({ status: 401 });
    }
    expect(await client.verdict((await client.signIn(ada)).access)).toBe(200);
    expect(await client.verdict(bobs.access)).toBe(401);
  });

  it('when a sign-in races a disabling, then no token of it passes afterwards', async () => {
    const user = await client.register();
    const racing = Array.from({ length: 8 }, () => client.trySignIn(user));
    await client.command(user.id, 'disable');
    for (const answer of await Promise.all(racing)) {
      if (answer.status === 200) expect(await client.verdict(answer.body.access_token)).toBe(401);
    }
  });
});

describe('given a program that was stopped and started on its data folder', () => {
  it('then what was dead is dead, what lived lives, and signing in works', async () => {
    const first = await startProgram();
    const { folder } = first;
    const before = new Client(first);
    const user = await before.register();
    const dead = await before.signIn(user);
    await before.command(user.id, 'revoke-sessions');
    const [lone, alive] = [await before.signIn(user), await before.signIn(user)];
    await before.signOut(lone.refresh);
    await first.stop();

    const second = await startProgram({ folder });
    const after = new Client(second);
    try {
      expect(await after.verdict(dead.access)).toBe(401);
      expect(await after.verdict(lone.access)).toBe(401);
      expect(await after.refresh(lone.refresh)).toMatchObject({ status: 401 });
      expect(await after.verdict(alive.access)).toBe(200);
      expect(await after.refresh(alive.refresh)).toMatchObject({ status: 201 });
      expect(await after.verdict((await after.signIn(user)).access)).toBe(200);
    } finally {
      await second.stop();
      await first.close();
    }
  });
});
