import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { eventually } from '../support/eventually.js';
import { type Program, startProgram } from '../support/program.js';
import { Client, type TestUser, type Tokens } from '../support/program-client.js';
import type { Answer } from '../support/program-http.js';
import { expectProblem } from '../support/program-problem.js';

/** Stands behind a proxy, so that each test can come from an address of its own. */
let program: Program;
let client: Client;
beforeAll(async () => {
  program = await startProgram({ env: { TRUST_PROXY: '127.0.0.1' } });
  client = new Client(program);
});
afterAll(() => program.close());

let addresses = 0;
/** An address that nobody has come from yet. */
function newAddress(): { headers: Record<string, string> } {
  addresses += 1;
  return { headers: { 'x-forwarded-for': `10.1.${addresses >> 8}.${addresses & 255}` } };
}

const nobody = () => ({ email: `${randomUUID()}@example.org`, password: 'correct horse' });
const wrongly = (user: TestUser) => ({ ...user, password: 'wrong horse' });
const loginPath = '/api/client/v2.0/app/main/auth/providers/local-userpass/login';

/** An error as App Services' clients know it. */
function expectClientError(answer: Answer<unknown>, status: number, code: string, error: string | RegExp): void {
  expect({ status: answer.status, type: answer.headers['content-type'], body: answer.body }).toEqual({
    status,
    type: expect.stringMatching(/^application\/json/),
    body: { error: typeof error === 'string' ? error : expect.stringMatching(error), error_code: code, link: '' },
  });
}

/** Everything of an answer that a stranger can compare. */
function comparable({ status, headers, text }: Answer<unknown>) {
  const { date: _date, 'x-correlation-id': _id, ...rest } = headers;
  return { status, headers: rest, text };
}

describe('given a user', () => {
  it('when signing in, then there are tokens with the claims that clients read, and the session is listed', async () => {
    const user = await client.register();
    const answer = await client.trySignIn(user);
    expect(answer).toMatchObject({
      status: 200,
      body: { user_id: user.id, device_id: expect.stringMatching(/^[0-9a-f]{24}$/) },
    });
    const { access_token: access, refresh_token: refresh, device_id: deviceId } = answer.body;
    expect(decodeJwt(access)).toMatchObject({
      sub: user.id,
      typ: 'access',
      ver: 1,
      app_ver: 0,
      iat: expect.any(Number),
      exp: expect.any(Number),
      user_data: {},
      baas_device_id: deviceId,
    });
    const { sid } = decodeJwt(access);
    expect(decodeJwt(refresh)).toMatchObject({ sub: user.id, typ: 'refresh', sid, baas_id: sid });
    const listed = await client.admin('GET', `/v1/users/${user.id}/sessions`);
    expect(listed.body).toEqual({ sessions: [expect.objectContaining({ sid, version: 1, deviceId })] });
  });

  it('when the password is wrong, then the answer is the very one that an unknown user gets', async () => {
    const user = await client.register();
    const pending = await client.register({ confirmed: false });
    const deleted = await client.register();
    await client.delete(deleted.id);
    const unknown = await client.trySignIn(nobody(), {}, newAddress());
    expectClientError(unknown, 401, 'InvalidPassword', 'unauthorized');
    for (const attempt of [wrongly(user), wrongly(pending), deleted, wrongly(deleted)]) {
      expect(comparable(await client.trySignIn(attempt, {}, newAddress()))).toEqual(comparable(unknown));
    }
  });

  it('when the user is unknown, then that is not told by the time it takes', async () => {
    const user = await client.register();
    const fastest = async (attempt: Pick<TestUser, 'email' | 'password'>) => {
      const times: number[] = [];
      for (let n = 0; n < 4; n += 1) {
        const began = performance.now();
        await client.trySignIn(attempt, {}, newAddress());
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    };
    expect(await fastest(nobody())).toBeGreaterThan((await fastest(wrongly(user))) / 2);
  });

  it('when the email differs in case, then it is another user', async () => {
    const user = await client.register({ email: `${randomUUID()}@Example.org` });
    const answer = await client.trySignIn({ ...user, email: user.email.toLowerCase() }, {}, newAddress());
    expectClientError(answer, 401, 'InvalidPassword', 'unauthorized');
  });

  it('when the user is pending, then the right password is told so, and signing in works once confirmed', async () => {
    const user = await client.register({ confirmed: false });
    expectClientError(await client.trySignIn(user), 401, 'AuthError', 'unauthorized');
    await client.command(user.id, 'confirm');
    expect((await client.trySignIn(user)).status).toBe(200);
  });

  it('when the user is disabled, then the right password is told so, and the wrong one is not', async () => {
    const user = await client.register();
    await client.command(user.id, 'disable');
    expectClientError(await client.trySignIn(user), 401, 'UserDisabled', 'user disabled');
    const wrong = await client.trySignIn(wrongly(user), {}, newAddress());
    expectClientError(wrong, 401, 'InvalidPassword', 'unauthorized');
  });

  it('when the app is another one, then it is not found', async () => {
    const answer = await program.control.ask('POST', loginPath.replace('main', 'other'), {
      json: { username: 'a@b.c', password: 'correct horse' },
    });
    expectClientError(answer, 404, 'AppNotFound', /^cannot find app/);
  });
});

describe('given a body of realm-web', () => {
  const device = { sdkVersion: '2.0.1', platform: 'node', platformVersion: 'v20.19.0' };

  it('when it names a device, then that device it is', async () => {
    const deviceId = '65a1f0c2d3e4b5a697881122';
    const options = { device: { ...device, appId: 'shop', appVersion: '1', deviceId: { $oid: deviceId } } };
    const answer = await client.trySignIn(await client.register(), { options });
    expect(answer).toMatchObject({ status: 200, body: { device_id: deviceId } });
  });

  it('when it says what the device is, then the list of sessions says so, as far as it is short enough', async () => {
    const user = await client.register();
    await client.trySignIn(user, { options: { device: { ...device, appVersion: 'x'.repeat(65), sdkVersion: 2 } } });
    const listed = await client.admin<{ sessions: object[] }>('GET', `/v1/users/${user.id}/sessions`);
    expect(listed.body.sessions).toEqual([
      expect.objectContaining({ device: { platform: 'node', platformVersion: 'v20.19.0' } }),
    ]);
  });

  const strange: readonly (readonly [string, object])[] = [
    ['a device without an id', { options: { device } }],
    ['the zero id of a new device', { options: { device: { deviceId: { $oid: '0'.repeat(24) } } } }],
    ['an id that is none', { options: { device: { deviceId: { $oid: '../../etc' } } } }],
    ['an id that is a number', { options: { device: { deviceId: { $oid: { $numberInt: '1' } } } } }],
    ['an id that is a text', { options: { device: { deviceId: '65a1f0c2d3e4b5a697881122' } } }],
    ['no device', { options: { device: null } }],
    ['options that are a text', { options: 'x' }],
    ['options that are a list', { options: [] }],
    ['fields that nobody knows', { remember: { $numberInt: '1' }, nested: { a: [{}] } }],
  ];
  it.each(strange)('when it has %s, then it is let in with a device of its own', async (_name, extra) => {
    const answer = await client.trySignIn(await client.register(), extra);
    expect(answer).toMatchObject({ status: 200, body: { device_id: expect.stringMatching(/^[0-9a-f]{24}$/) } });
    expect(answer.body.device_id).not.toMatch(/^0+$/);
  });

  it.each([
    ['no username', { password: 'correct horse' }],
    ['no password', { username: 'a@b.c' }],
    ['a number for a username', { username: { $numberInt: '1' }, password: 'correct horse' }],
    ['a query for a password', { username: 'a@b.c', password: { $ne: null } }],
    ['an empty password', { username: 'a@b.c', password: '' }],
    ['a username of 255 characters', { username: 'x'.repeat(255), password: 'correct horse' }],
    ['a password of 1025 characters', { username: 'a@b.c', password: 'x'.repeat(1_025) }],
  ])('when it has %s, then a parameter is missing', async (_name, json) => {
    expectClientError(await program.control.ask('POST', loginPath, { json }), 400, 'MissingParameter', /./);
  });

  it('when it does not come as JSON, or to no path, then the error is in its own form too', async () => {
    const form = { headers: { 'content-type': 'text/plain' }, body: 'x' };
    expectClientError(await program.control.ask('POST', loginPath, form), 415, 'UnsupportedMediaType', /./);
    const json = { username: 'x'.repeat(70_000) };
    expectClientError(await program.control.ask('POST', loginPath, { json }), 413, 'BodyTooLarge', /./);
    expectClientError(await program.control.ask('GET', '/api/client/v2.0/nosuch'), 404, 'NotFound', /./);
  });
});

describe('given failures at one account', () => {
  it('when there are more than five, then it is slowed from everywhere, and a success clears it', async () => {
    const user = await client.register();
    for (let n = 0; n < 5; n += 1) {
      expect((await client.trySignIn(wrongly(user), {}, newAddress())).status).toBe(401);
    }
    const slowed = await client.trySignIn(user, {}, newAddress());
    expectClientError(slowed, 429, 'TooManyRequests', /^too many failed sign-ins/);
    expect(slowed.headers['retry-after']).toBe('1');
    expect((await client.trySignIn(await client.register(), {}, newAddress())).status).toBe(200);

    await eventually(async () => (await client.trySignIn(user, {}, newAddress())).status === 200);
    for (let n = 0; n < 5; n += 1) {
      expect((await client.trySignIn(wrongly(user), {}, newAddress())).status).toBe(401);
    }
  });

  it('when there is no such user, then it is slowed all the same', async () => {
    const user = nobody();
    for (let n = 0; n < 5; n += 1) await client.trySignIn(user, {}, newAddress());
    expect((await client.trySignIn(user, {}, newAddress())).status).toBe(429);
  });
});

describe('given failures from one address', () => {
  it('when there are more than twenty, then that address is slowed, and others are not', async () => {
    const here = newAddress();
    for (let n = 0; n < 20; n += 1) expect((await client.trySignIn(nobody(), {}, here)).status).toBe(401);
    const user = await client.register();
    const slowed = await client.trySignIn(user, {}, here);
    expectClientError(slowed, 429, 'TooManyRequests', /^too many failed sign-ins/);
    expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
    expect((await client.trySignIn(user, {}, newAddress())).status).toBe(200);
  });
});

describe('given passwords that are tried all at once', () => {
  const statusesOf = (answers: readonly Answer<unknown>[]) => answers.map(({ status }) => status);
  /** How many were told: a few more than are free may be, where this takes so long that a wait is over meanwhile. */
  const told = (statuses: readonly number[]) => statuses.filter((status) => status === 401).length;

  it('when 150 wrong ones come at one account, then five are told, whether or not there is such a user', async () => {
    for (const user of [wrongly(await client.register()), nobody()]) {
      const statuses = statusesOf(
        await Promise.all(Array.from({ length: 150 }, () => client.trySignIn(user, {}, newAddress()))),
      );
      expect(new Set(statuses)).toEqual(new Set([401, 429]));
      expect(told(statuses)).toBeGreaterThanOrEqual(5);
      expect(told(statuses)).toBeLessThanOrEqual(8);
    }
  });

  it('when 150 come from one address at as many accounts, then twenty are told', async () => {
    const here = newAddress();
    const statuses = statusesOf(
      await Promise.all(Array.from({ length: 150 }, () => client.trySignIn(nobody(), {}, here))),
    );
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(told(statuses)).toBeGreaterThanOrEqual(20);
    expect(told(statuses)).toBeLessThanOrEqual(23);
  });

  it('when they are right, then all are let in, of one user and of many from one address', async () => {
    const here = newAddress();
    const users = await Promise.all(Array.from({ length: 30 }, () => client.register()));
    const [first] = users;
    if (first === undefined) throw new Error('nobody was registered');
    const all = [...users, ...Array.from({ length: 20 }, () => first)];
    const statuses = statusesOf(await Promise.all(all.map((user) => client.trySignIn(user, {}, here))));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe('given a refresh token', () => {
  it('when it is used, then 201 and an access token of the same session, that passes the edge', async () => {
    const user = await client.register();
    const first = await client.signIn(user);
    await client.signOut((await client.signIn(user)).refresh); // The stream is at version 2 now.
    const refreshed = await client.refresh(first.refresh);
    expect(refreshed.status).toBe(201);
    const token = refreshed.body.access_token;
    expect(decodeJwt(token)).toMatchObject({ ver: 1, app_ver: 0, sid: first.sid, sub: user.id, typ: 'access' });
    expect(await client.verdict(token)).toBe(200);
    expect(decodeJwt((await client.signIn(user)).access)).toMatchObject({ ver: 2 });
  });

  const killers: readonly (readonly [string, (user: TestUser, tokens: Tokens) => Promise<unknown>])[] = [
    ['the user is disabled', (user) => client.command(user.id, 'disable')],
    [
      'the user is disabled and enabled',
      async (user) => {
        await client.command(user.id, 'disable');
        await client.command(user.id, 'enable');
      },
    ],
    ['the sessions are revoked', (user) => client.command(user.id, 'revoke-sessions')],
    ['the user is deleted', (user) => client.delete(user.id)],
    ['the session is revoked', (user, { sid }) => client.admin('DELETE', `/v1/users/${user.id}/sessions/${sid}`)],
    ['the user signs out', (_user, { refresh }) => client.signOut(refresh)],
    ['its holder revokes it', (_user, { refresh }) => client.revokeToken({ token: refresh })],
    ['everyone is revoked', () => client.admin('POST', '/v1/apps/main/revoke-sessions')],
  ];
  it.each(killers)(
    'when %s, then it is refused with InvalidSession, and so is all else of the session',
    async (_name, kill) => {
      const user = await client.register();
      const tokens = await client.signIn(user);
      await kill(user, tokens);
      const dead = 'invalid session: failed to find refresh token';
      expectClientError(await client.refresh(tokens.refresh), 401, 'InvalidSession', dead);
      expectClientError(await client.signOut(tokens.refresh), 401, 'InvalidSession', dead);
      expectClientError(await client.profile(tokens.access), 401, 'InvalidSession', dead);
      expect(await client.verdict(tokens.access)).toBe(401);
      const sessions = await client.admin<{ sessions?: unknown[] }>('GET', `/v1/users/${user.id}/sessions`);
      expect(sessions.body.sessions ?? []).toEqual([]);
    },
  );

  it('when an access token comes in its place, or the other way round, then the type is wrong', async () => {
    const { access, refresh } = await client.signIn(await client.register());
    const wrong = 'invalid session: incorrect token type';
    expectClientError(await client.refresh(access), 401, 'InvalidSession', wrong);
    expectClientError(await client.signOut(access), 401, 'InvalidSession', wrong);
    expectClientError(await client.profile(refresh), 401, 'InvalidSession', wrong);
    expect(await client.verdict(refresh)).toBe(401);
    expect(await client.verdict(access)).toBe(200);
  });

  it.each(['null', 'undefined', 'x', 'a.b.c', `${'x'.repeat(9_000)}`])(
    'when it is none (%.9s), then 401',
    async (token) => {
      expectClientError(await client.refresh(token), 401, 'InvalidSession', 'invalid session');
      expectClientError(await client.signOut(token), 401, 'InvalidSession', 'invalid session');
    },
  );

  it('when there is none at all, then 401 in the word that clients act on', async () => {
    expectClientError(
      await program.control.ask('POST', '/api/client/v2.0/auth/session'),
      401,
      'InvalidSession',
      'unauthorized',
    );
  });
});

describe('given a user who signs out', () => {
  it('then 204 with neither a body nor a content type, which clients could not read', async () => {
    const { refresh } = await client.signIn(await client.register());
    const answer = await client.signOut(refresh);
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(answer.headers['content-type']).toBeUndefined();
  });
});

describe('given an access token', () => {
  it('when the profile is asked for, then it has every field that clients require', async () => {
    const user = await client.register();
    const answer = await client.profile(await client.signIn(user).then(({ access }) => access));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        user_id: user.id,
        domain_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        type: 'normal',
        identities: [{ id: expect.stringMatching(/^[0-9a-f]{24}$/), provider_type: 'local-userpass' }],
        data: { email: user.email },
      },
    });
  });
});

describe('given a form of RFC 7009', () => {
  it('when it has parameters that are not known, then they are left alone', async () => {
    const { access, refresh } = await client.signIn(await client.register());
    const answer = await client.revokeToken({ token: refresh, client_id: 'x', client_secret: 'y', resource: 'z' });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(await client.verdict(access)).toBe(401);
  });

  it.each([
    ['no token', 'token_type_hint=access_token'],
    ['an empty token', 'token='],
    ['two tokens', 'token=a&token=b'],
    ['nothing', ''],
  ])('when it has %s, then 400', async (_name, body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await program.control.ask('POST', '/oauth/revoke', { headers, body });
    expectProblem(answer, 400, 'InvalidRequest');
    expect(answer.body).toMatchObject({ error: 'invalid_request' });
  });

  it('when the body cannot be read, then the 400 has the word of OAuth too', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await program.control.ask('POST', '/oauth/revoke', { headers, body: '{"token":' });
    expectProblem(answer, 400, 'MalformedJson');
    expect(answer.body).toMatchObject({ error: 'invalid_request' });
  });

  it('when it comes as JSON, with a wrong hint or none, then the session is revoked as well', async () => {
    for (const extra of [{}, { token_type_hint: 'refresh_token' }, { token_type_hint: 'nosuch' }]) {
      const { access } = await client.signIn(await client.register());
      const answer = await program.control.ask('POST', '/oauth/revoke', { json: { token: access, ...extra } });
      expect(answer.status).toBe(200);
      expect(await client.verdict(access)).toBe(401);
    }
  });
});

describe('given a program that stands behind no proxy', () => {
  it('when clients name other addresses, then they are not believed', async () => {
    const open = await startProgram();
    try {
      const stranger = new Client(open);
      for (let n = 0; n < 20; n += 1) await stranger.trySignIn(nobody(), {}, newAddress());
      expect((await stranger.trySignIn(nobody(), {}, newAddress())).status).toBe(429);
    } finally {
      await open.close();
    }
  });
});
