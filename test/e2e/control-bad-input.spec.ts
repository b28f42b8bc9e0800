import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Program, rootKey, startProgram } from '../support/program.js';
import { Client, type TestUser } from '../support/program-client.js';
import { expectProblem } from '../support/program-problem.js';

let program: Program;
let client: Client;
let user: TestUser;
beforeAll(async () => {
  program = await startProgram({ env: { BODY_LIMIT: '2048' } });
  client = new Client(program);
  user = await client.register();
});
afterAll(() => program.close());

const json = { 'content-type': 'application/json' };
const good = { email: 'good@example.org', password: 'correct horse' };

describe('given a body that is no JSON object', () => {
  const bodies: readonly (readonly [string, string, string])[] = [
    ['cut off', '{"email":', 'MalformedJson'],
    ['followed by more', '{} {}', 'MalformedJson'],
    ['with a comma too many', '{"reason":"x",}', 'MalformedJson'],
    ['text', 'hello', 'MalformedJson'],
    ['NaN', 'NaN', 'MalformedJson'],
    ['a byte order mark alone', '\uFEFF', 'MalformedJson'],
    ['white space alone', '  ', 'MalformedJson'],
    ['a list', '[]', 'InvalidRequest'],
    ['a list of an object', '[{"email":"a@b.c","password":"correct horse"}]', 'InvalidRequest'],
    ['a string', '"x"', 'InvalidRequest'],
    ['an empty string', '""', 'InvalidRequest'],
    ['null', 'null', 'InvalidRequest'],
    ['a number', '1', 'InvalidRequest'],
    ['zero', '0', 'InvalidRequest'],
    ['a boolean', 'false', 'InvalidRequest'],
    ['one that pollutes a prototype', '{"__proto__":{"admin":true}}', 'MalformedJson'],
    ['one that pollutes by the constructor', '{"constructor":{"prototype":{"admin":true}}}', 'MalformedJson'],
    ['one that pollutes deep inside', '{"reason":"x","a":{"__proto__":{"admin":true}}}', 'MalformedJson'],
    ['one that pollutes in disguise', '{"\\u005f_proto__":{"admin":true}}', 'MalformedJson'],
  ];
  const routes = [
    ['POST', '/v1/users'],
    ['POST', '/v1/users/:id/disable'],
    ['DELETE', '/v1/users/:id'],
    ['POST', '/v1/apps/main/revoke-sessions'],
    ['POST', '/v1/admin-keys'],
    ['POST', '/oauth/revoke'],
  ] as const;
  describe.each(routes)('when it is sent to %s %s', (method, path) => {
    it.each(bodies)('and is %s, then it is refused', async (_name, body, code) => {
      const answer = await client.admin(method, path.replace(':id', user.id), { headers: json, body });
      expectProblem(answer, 400, code);
    });
  });

  it('then nothing was done, and no prototype has changed', async () => {
    expect((await client.get(user.id)).body).toMatchObject({ state: 'confirmed', version: 1 });
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it.each(bodies)(
    'when it is sent to sign in and is %s, then it is refused in the words of App Services',
    async (_name, body) => {
      const answer = await program.control.ask(
        'POST',
        '/api/client/v2.0/app/main/auth/providers/local-userpass/login',
        {
          headers: json,
          body,
        },
      );
      expect(answer).toMatchObject({
        status: 400,
        body: { error: expect.any(String), error_code: expect.any(String), link: '' },
      });
    },
  );
});

describe('given a new user with a field that is wrong', () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ['no email', { email: undefined }, 'email'],
    ['a null email', { email: null }, 'email'],
    ['a number for an email', { email: 7 }, 'email'],
    ['an object for an email', { email: { $ne: null } }, 'email'],
    ['a list for an email', { email: ['a@b.c'] }, 'email'],
    ['an empty email', { email: '' }, 'email'],
    ['an email without @', { email: 'ada' }, 'email'],
    ['an email with a space', { email: 'a b@c.d' }, 'email'],
    ['an email with a line break', { email: 'a@b.c\n' }, 'email'],
    ['an email with U+0000', { email: 'a\0@b.c' }, 'email'],
    ['an email with a control character', { email: 'a\u001b@b.c' }, 'email'],
    ['an email with half a surrogate pair', { email: 'a\ud800@b.c' }, 'email'],
    ['an email of 255 characters', { email: `${'a'.repeat(60)}@${'b'.repeat(194)}` }, 'email'],
    ['no password', { password: undefined }, 'password'],
    ['a null password', { password: null }, 'password'],
    ['a list for a password', { password: ['correct horse'] }, 'password'],
    ['a password of 5 characters', { password: 'x'.repeat(5) }, 'password'],
    ['a password of 129 characters', { password: 'x'.repeat(129) }, 'password'],
    ['confirmed as text', { confirmed: 'true' }, 'confirmed'],
    ['confirmed as null', { confirmed: null }, 'confirmed'],
    ['confirmed as a number', { confirmed: 1 }, 'confirmed'],
    ['an unknown field', { role: 'admin' }, 'role'],
    ['an id of its own', { userId: '5f0000000000000000000001' }, 'userId'],
  ];
  it.each(wrong)('when it has %s, then the answer names the field', async (_name, change, field) => {
    const problem = expectProblem(
      await client.admin('POST', '/v1/users', { json: { ...good, ...change } }),
      400,
      'InvalidRequest',
    );
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    expect(problem.detail).not.toContain(good.password);
  });

  it('when several are wrong, then all are named', async () => {
    const answer = await client.admin('POST', '/v1/users', { json: { email: 1, extra: 1 } });
    const fields = expectProblem(answer, 400, 'InvalidRequest').errors?.map((error) => error.field);
    expect(new Set(fields)).toEqual(new Set(['email', 'password', 'extra']));
  });

  it.each([
    ['254 characters', `${'a'.repeat(59)}@${'b'.repeat(194)}`],
    ['every alphabet', 'ädä+tag.名@例え.テスト'],
    ['an emoji', '🦔@example.org'],
  ])('when the email has %s, then it is not wrong', async (_name, email) => {
    const made = await client.register({ email });
    expect((await client.get(made.id)).body.email).toBe(email);
    expect((await client.signIn(made)).userId).toBe(made.id);
  });

  it.each([6, 128])('when the password has %s characters, then it is not wrong', async (length) => {
    await client.signIn(await client.register({ password: 'é'.repeat(length) }));
  });
});

describe('given a reason that is wrong', () => {
  const reasons: readonly (readonly [string, object])[] = [
    ['a number', { reason: 1 }],
    ['null', { reason: null }],
    ['a list', { reason: ['x'] }],
    ['501 characters long', { reason: 'x'.repeat(501) }],
    ['beside an unknown field', { reason: 'x', force: true }],
  ];
  it.each(reasons)('when it is %s, then the command is refused', async (_name, body) => {
    for (const command of ['confirm', 'disable', 'enable', 'revoke-sessions'] as const) {
      expectProblem(await client.command(user.id, command, { json: body }), 400, 'InvalidRequest');
    }
    expectProblem(await client.delete(user.id, { json: body }), 400, 'InvalidRequest');
    expectProblem(await client.admin('POST', '/v1/apps/main/revoke-sessions', { json: body }), 400, 'InvalidRequest');
  });

  it.each([
    ['500 characters', 'x'.repeat(500)],
    ['500 characters beyond the first plane', '🦔'.repeat(250)],
    ['U+0000 and half a pair', 'a\0b\ud800'],
    ['nothing', ''],
  ])('when it has %s, then it is not wrong', async (_name, reason) => {
    const { id } = await client.register();
    expect((await client.command(id, 'disable', { json: { reason } })).status).toBe(200);
    expect((await client.get(id)).body.reason).toBe(reason);
  });
});

describe('given an id that nobody has', () => {
  const ids: readonly (readonly [string, string])[] = [
    ['of the right form', '5f0000000000000000000000'],
    ['U+0000', '%00'],
    ['an id followed by U+0000', '5f0000000000000000000000%00'],
    ['the way up', '..%2F..%2Fetc%2Fpasswd'],
    ['the way up with backslashes', '..%5C..%5C'],
    ['300 characters', 'a'.repeat(300)],
    ['of another issuer', 'okta%7Cjane'],
    ['unicode', '%F0%9F%A6%94'],
    ['a quote', "'%20OR%201=1--"],
    ['a range of the store', 'a:0000000001'],
    ['a wildcard', '*'],
    ['a pattern', '%25'],
    ['a name of every object', '__proto__'],
    ['another name of every object', 'constructor'],
    ['a space', '%20'],
  ];
  describe.each(ids)('when it is %s', (_name, id) => {
    it('then every command and question says so', async () => {
      for (const command of ['confirm', 'disable', 'enable', 'revoke-sessions'] as const) {
        expectProblem(await client.command(id, command), 404, 'UserNotFound');
      }
      expectProblem(await client.delete(id), 404, 'UserNotFound');
      expectProblem(await client.get(id), 404, 'UserNotFound');
      expectProblem(await client.admin('GET', `/v1/users/${id}/events`), 404, 'UserNotFound');
      expectProblem(await client.admin('GET', `/v1/users/${id}/sessions`), 404, 'UserNotFound');
      expectProblem(await client.admin('DELETE', `/v1/users/${id}/sessions/x`), 404, 'SessionNotFound');
      expectProblem(await client.admin('DELETE', `/v1/users/${user.id}/sessions/${id}`), 404, 'SessionNotFound');
      expectProblem(await client.admin('DELETE', `/v1/admin-keys/${id}`), 404, 'AdminKeyNotFound');
      expectProblem(await client.admin('POST', `/v1/apps/${id}/revoke-sessions`), 404, 'AppNotFound');
    });
  });

  it.each([
    ['longer than any id', 'a'.repeat(600), 414, 'UriTooLong'],
    ['a wrong escape', '%zz', 400, 'InvalidRequest'],
    ['half an escape', '%', 400, 'InvalidRequest'],
    ['bytes that are no UTF-8', '%ff%fe', 400, 'InvalidRequest'],
    ['half a surrogate pair', '%ED%A0%80', 400, 'InvalidRequest'],
  ])('when it is %s, then it is a problem document', async (_name, id, status, code) => {
    expectProblem(await client.get(id), status, code);
  });
});

describe('given a question with a wrong value', () => {
  const wrong = [
    '/v1/users?limit=abc',
    '/v1/users?limit=-1',
    '/v1/users?limit=0',
    '/v1/users?limit=201',
    '/v1/users?limit=1e9',
    '/v1/users?limit=1.5',
    '/v1/users?limit=',
    '/v1/users?limit=0x10',
    '/v1/users?limit=99999999999999999999',
    '/v1/users?limit=1&limit=2',
    '/v1/users?state=nosuch',
    '/v1/users?state=unknown',
    '/v1/users?state=',
    '/v1/users?state=pending&state=disabled',
    '/v1/users?state[]=pending',
    '/v1/users?search=',
    `/v1/users?search=${'a'.repeat(257)}`,
    '/v1/users?after=',
    `/v1/users?after=${'a'.repeat(601)}`,
    '/v1/users?nosuch=1',
    '/v1/users/:id/events?limit=abc',
    '/v1/users/:id/events?limit=501',
    '/v1/users/:id/events?after=-1',
    '/v1/users/:id/events?after=x',
    '/v1/users/:id/events?nosuch=1',
  ];
  it.each(wrong)('when it is %s, then it is refused', async (path) => {
    expectProblem(await client.admin('GET', path.replace(':id', user.id)), 400, 'InvalidRequest');
  });

  it.each(['/v1/users?after=%00', '/v1/users?search=zz&after=%F0%9F', '/v1/users?search=%00', '/v1/users?search=%25_'])(
    'when it is wild but well formed (%s), then it finds nobody who does not match',
    async (path) => {
      const answer = await client.admin<{ users: { email: string }[] }>('GET', path);
      expect(answer.status).toBe(200);
      if (path.includes('search')) expect(answer.body.users).toEqual([]);
    },
  );
});

describe('given a body that is too large', () => {
  it.each(['/v1/users', '/v1/users/:id/disable', '/oauth/revoke'])('when it is sent to %s, then 413', async (path) => {
    const answer = await client.admin('POST', path.replace(':id', user.id), { json: { reason: 'x'.repeat(3_000) } });
    expectProblem(answer, 413, 'BodyTooLarge');
  });

  it('when it is sent in pieces without a length, then 413', async () => {
    const piece = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const answer = await raw(
      `POST /v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${rootKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${piece.repeat(4)}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"BodyTooLarge"');
  });
});

describe('given a body of another kind', () => {
  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', 'nonsense'])(
    'when its type is %s, then 415',
    async (type) => {
      const answer = await client.admin('POST', '/v1/users', {
        headers: { 'content-type': type },
        body: JSON.stringify(good),
      });
      expectProblem(answer, 415, 'UnsupportedMediaType');
    },
  );

  it('when it has no type at all, then 415', async () => {
    const answer = await client.admin('POST', '/v1/users', { body: JSON.stringify(good) });
    expectProblem(answer, 415, 'UnsupportedMediaType');
  });

  it.each([
    ['POST', '/v1/users', 'email=a%40b.c&password=correct+horse'],
    ['POST', '/v1/users/:id/disable', 'reason=x'],
    ['DELETE', '/v1/users/:id', ''],
    ['POST', '/v1/admin-keys', 'name=x&role=admin'],
  ])('when a form is sent to %s %s, then 415', async (method, path, body) => {
    const headers = { 'content-type': 'application/X-WWW-form-urlencoded; charset=utf-8' };
    const answer = await client.admin(method, path.replace(':id', user.id), { headers, body });
    expectProblem(answer, 415, 'UnsupportedMediaType');
  });

  it('when a form is sent to sign in, then 415 in the words of App Services', async () => {
    const path = '/api/client/v2.0/app/main/auth/providers/local-userpass/login';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await program.control.ask('POST', path, { headers, body: 'username=a%40b.c&password=x' });
    expect(answer).toMatchObject({ status: 415, body: { error_code: 'UnsupportedMediaType', link: '' } });
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'when its type is %s, then it is JSON',
    async (type) => {
      const answer = await client.command(user.id, 'enable', { headers: { 'content-type': type }, body: '{}' });
      expect(answer.status).toBe(200);
    },
  );

  it('when a command has a type and no body, then it is read as no body', async () => {
    expect((await client.command(user.id, 'enable', { headers: json })).status).toBe(200);
  });
});

describe('given a method that a path does not have', () => {
  const wrong = [
    ['PUT', '/v1/users', 'GET, HEAD, POST'],
    ['PATCH', '/v1/users/:id', 'DELETE, GET, HEAD'],
    ['GET', '/v1/users/:id/disable', 'POST'],
    ['POST', '/v1/users/:id/events', 'GET, HEAD'],
    ['OPTIONS', '/v1/users', 'GET, HEAD, POST'],
    ['POST', '/v1/users/:id/sessions/x', 'DELETE'],
    ['DELETE', '/v1/apps/main/revoke-sessions', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
    ['GET', '/oauth/revoke', 'POST'],
    ['PUT', '/openapi.json', 'GET, HEAD'],
  ] as const;
  it.each(wrong)('when it is %s %s, then 405 names those that it has', async (method, path, allow) => {
    const answer = await client.admin(method, path.replace(':id', user.id));
    expectProblem(answer, 405, 'MethodNotAllowed');
    expect(answer.headers.allow).toBe(allow);
  });
});

describe("given a method that a path of App Services' clients does not have", () => {
  it.each([
    ['GET', '/api/client/v2.0/app/main/auth/providers/local-userpass/login', 'POST'],
    ['PUT', '/api/client/v2.0/auth/session', 'DELETE, POST'],
    ['POST', '/api/client/v2.0/auth/profile?x=1', 'GET, HEAD'],
  ])('when it is %s %s, then 405 names those that it has, in their own form', async (method, path, allow) => {
    const answer = await program.control.ask(method, path);
    expect(answer).toMatchObject({
      status: 405,
      headers: { allow, 'content-type': expect.stringMatching(/^application\/json/) },
      body: { error: expect.stringMatching(/./), error_code: 'MethodNotAllowed', link: '' },
    });
  });
});

describe('given a path that does not exist', () => {
  it.each([
    '/',
    '/v1',
    '/v1/users/',
    '/v2/users',
    '/v1/users/x/y/z',
    '/V1/users',
    '/favicon.ico',
    '/v1/users/a/../b',
    '//v1/users',
  ])('when it is %s, then 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expectProblem(await client.admin(method, path), 404, 'NotFound');
    }
  });
});

describe('given a request that is not even HTTP', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['headers of 40 kB', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['a header with a line break', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\u0001b\r\n\r\n', 400],
  ])('when it is %s, then it is refused with a problem document', async (_name, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
  });
});

describe('given a key that is no good', () => {
  const keys: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['missing', {}],
    ['empty', { authorization: 'Bearer ' }],
    ['without a scheme', { authorization: rootKey }],
    ['of another scheme', { authorization: `Basic ${Buffer.from(`admin:${rootKey}`).toString('base64')}` }],
    ['wrong', { authorization: 'Bearer root-key-of-the-tests-0123456780' }],
    ['cut short', { authorization: `Bearer ${rootKey.slice(0, -1)}` }],
    ['too long', { authorization: `Bearer ${rootKey}x` }],
    ['of 8 kB', { authorization: `Bearer ${'x'.repeat(8_000)}` }],
    ['like one of ours', { authorization: `Bearer pck_first_${'a'.repeat(43)}` }],
    ['wrong in X-API-Key', { 'x-api-key': 'nobody' }],
    ['wrong in X-API-Key beside a right one', { 'x-api-key': 'nobody', authorization: `Bearer ${rootKey}` }],
    ['two at once', { authorization: `Bearer ${rootKey}, Bearer ${rootKey}` }],
  ];
  it.each(keys)('when it is %s, then 401 says how to show one', async (_name, headers) => {
    for (const [method, path] of [
      ['GET', '/v1/users'],
      ['POST', '/v1/users'],
      ['POST', `/v1/users/${user.id}/disable`],
      ['GET', '/v1/signing-keys'],
    ] as const) {
      const answer = await program.control.ask(method, path, { headers });
      expectProblem(answer, 401, 'Unauthorized');
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="portcullis"');
    }
  });

  it("when it is a user's token, then 401", async () => {
    const { access, refresh } = await client.signIn(user);
    for (const bearer of [access, refresh]) {
      expectProblem(await program.control.ask('GET', '/v1/users', { bearer }), 401, 'Unauthorized');
    }
  });

  it('when it was removed, then 401 from the very next request on', async () => {
    const made = await client.admin<{ keyId: string; text: string }>('POST', '/v1/admin-keys', {
      json: { name: 'for a moment', role: 'operator' },
    });
    const { keyId, text: bearer } = made.body;
    expect((await program.control.ask('GET', '/v1/users', { bearer })).status).toBe(200);
    expect((await client.admin('DELETE', `/v1/admin-keys/${keyId}`)).status).toBe(204);
    expectProblem(await program.control.ask('GET', '/v1/users', { bearer }), 401, 'Unauthorized');
  });

  it('when it is checked, then before the body is', async () => {
    const answer = await program.control.ask('POST', '/v1/users', { json: { nonsense: true } });
    expectProblem(answer, 401, 'Unauthorized');
  });

  it.each([
    ['X-API-Key', { 'x-api-key': rootKey }],
    ['a scheme in small letters', { authorization: `bearer ${rootKey}` }],
  ])('when a good one comes as %s, then it is let in', async (_name, headers) => {
    expect((await program.control.ask('GET', '/v1/users', { headers })).status).toBe(200);
  });
});

describe('given an admin key to make or remove', () => {
  it.each([
    ['no name', { role: 'viewer' }],
    ['an empty name', { name: '', role: 'viewer' }],
    ['a name of 101 characters', { name: 'x'.repeat(101), role: 'viewer' }],
    ['an unknown role', { name: 'x', role: 'root' }],
    ['a role of every object', { name: 'x', role: 'constructor' }],
    ['a list of roles', { name: 'x', role: ['admin'] }],
    ['a text of its own', { name: 'x', role: 'viewer', text: 'chosen' }],
  ])('when it has %s, then it is refused', async (_name, body) => {
    expectProblem(await client.admin('POST', '/v1/admin-keys', { json: body }), 400, 'InvalidRequest');
  });

  it('when it is the one of the environment, then it stays', async () => {
    expectProblem(await client.admin('DELETE', '/v1/admin-keys/environment'), 409, 'EnvironmentKey');
  });
});

describe('given all of that', () => {
  it('then nothing of it was unexpected, and the user is as before', async () => {
    expect(program.logLines.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
    expect((await client.get(user.id)).body).toMatchObject({ state: 'confirmed', version: 1 });
    expect((await program.control.ask('GET', '/readyz')).status).toBe(200);
  });
});

/** Sends bytes as they are to the control API, and gives all that comes back. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(program.control.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no end of the answer: ${answer}`)));
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}
