import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from '../support/program.js';
import { Client } from '../support/program-client.js';
import type { Answer } from '../support/program-http.js';
import { expectProblem } from '../support/program-problem.js';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

const roles = ['viewer', 'operator', 'admin'] as const;
type Role = (typeof roles)[number];

/** The least role that each route of the control API needs. A route that is not here fails the first test. */
const table: Readonly<Record<string, Role>> = {
  'GET /v1/users': 'viewer',
  'POST /v1/users': 'operator',
  'GET /v1/users/{id}': 'viewer',
  'DELETE /v1/users/{id}': 'operator',
  'GET /v1/users/{id}/events': 'viewer',
  'POST /v1/users/{id}/confirm': 'operator',
  'POST /v1/users/{id}/disable': 'operator',
  'POST /v1/users/{id}/enable': 'operator',
  'POST /v1/users/{id}/revoke-sessions': 'operator',
  'GET /v1/users/{id}/sessions': 'viewer',
  'DELETE /v1/users/{id}/sessions/{sid}': 'operator',
  'POST /v1/apps/{app}/revoke-sessions': 'admin',
  'GET /v1/admin-keys': 'admin',
  'POST /v1/admin-keys': 'admin',
  'DELETE /v1/admin-keys/{id}': 'admin',
  'GET /v1/signing-keys': 'viewer',
  'POST /v1/signing-keys/rotate': 'admin',
  'DELETE /v1/signing-keys/{kid}': 'admin',
};

/** What needs no admin key: whoever calls shows a token of their own, or nothing secret is told. */
const open = [
  'GET /.well-known/jwks.json',
  'POST /oauth/revoke',
  'POST /api/client/v2.0/app/{app}/auth/providers/local-userpass/login',
  'GET /api/client/v2.0/auth/profile',
  'POST /api/client/v2.0/auth/session',
  'DELETE /api/client/v2.0/auth/session',
];

let program: Program;
const keys = new Map<Role, string>();
beforeAll(async () => {
  program = await startProgram();
  const client = new Client(program);
  for (const role of roles) {
    const made = await client.admin<{ text: string }>('POST', '/v1/admin-keys', { json: { name: role, role } });
    keys.set(role, made.body.text);
  }
});
afterAll(() => program.close());

function send(route: string, bearer?: string): Promise<Answer<unknown>> {
  const [method = '', path = ''] = route.split(' ');
  return program.control.ask(method, path.replaceAll(/\{\w+\}/g, 'nosuch'), bearer === undefined ? {} : { bearer });
}

describe('given the routes that the control API describes', () => {
  it('then each is in the table of roles, or is known to be open', async () => {
    const { body } = await program.control.ask<OpenApi>('GET', '/openapi.json');
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual([...Object.keys(table), ...open].sort());
  });

  describe.each(Object.entries(table))('when %s is called', (route, least) => {
    it('without a key, then 401', async () => {
      expectProblem(await send(route), 401, 'Unauthorized');
    });

    it.each(roles)('with a key of role %s, then it is let in if that reaches', async (role) => {
      const answer = await send(route, keys.get(role));
      if (roles.indexOf(role) < roles.indexOf(least)) {
        const problem = expectProblem(answer, 403, 'Forbidden');
        expect(problem.detail).toContain(`role ${least}`);
        expect(answer.headers['www-authenticate']).toBeUndefined();
      } else {
        expect([200, 204, 400, 404]).toContain(answer.status);
      }
    });
  });
});

describe('given admin keys', () => {
  it('when they are listed, then without their texts and hashes', async () => {
    const listed = await new Client(program).admin('GET', '/v1/admin-keys');
    expect(listed.status).toBe(200);
    for (const text of keys.values()) expect(listed.text).not.toContain(text.slice(-43));
    expect(listed.text).not.toMatch(/hash|secret/i);
    expect(listed.body).toMatchObject({
      keys: expect.arrayContaining([expect.objectContaining({ name: 'viewer', role: 'viewer' })]),
    });
  });
});

describe('given an admin key', () => {
  it('when it is made and when it is listed, then its times are text, as everywhere else', async () => {
    const client = new Client(program);
    const json = { name: 'timed', role: 'viewer' };
    const made = (await client.admin<{ keyId: string; createdAt: string }>('POST', '/v1/admin-keys', { json })).body;
    expect(made).toMatchObject({ createdAt: new Date(made.createdAt).toISOString(), disabledAt: null });
    const listed = await client.admin<{ keys: { keyId: string }[] }>('GET', '/v1/admin-keys');
    const { createdAt } = made;
    expect(listed.body.keys.find(({ keyId }) => keyId === made.keyId)).toMatchObject({ createdAt, disabledAt: null });
  });
});

describe('given a program that was given no admin key', () => {
  it('when it starts, then it makes one, which stays the last', async () => {
    const fresh = await startProgram({ env: { ADMIN_API_KEY: '' } });
    try {
      const client = new Client(fresh, fresh.firstKey ?? '');
      expect((await client.admin('GET', '/v1/admin-keys')).body).toMatchObject({ keys: [{ keyId: 'first' }] });
      expectProblem(await client.admin('DELETE', '/v1/admin-keys/first'), 409, 'LastAdminKey');
    } finally {
      await fresh.close();
    }
  });
});
