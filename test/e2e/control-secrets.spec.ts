import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Program, rootKey, startProgram, storedDocuments } from '../support/program.js';
import { Client, type SignInBody } from '../support/program-client.js';
import { expectProblem } from '../support/program-problem.js';

const password = `correct horse ${randomUUID()}`;
const wrongPassword = `wrong horse ${randomUUID()}`;
const email = `${randomUUID()}@example.org`;
/** Everything that must not be seen, by what it is. */
const secrets = new Map<string, string>([
  ['the admin key of the environment', rootKey],
  ['the password', password],
  ['a wrong password', wrongPassword],
]);

let program: Program;
beforeAll(async () => {
  program = await startProgram({ env: { LOG_LEVEL: 'trace' } });
  const client = new Client(program);
  const made = await client.admin<{ text: string }>('POST', '/v1/admin-keys', {
    json: { name: 'k', role: 'operator' },
  });
  secrets.set('a key that was made', made.body.text);
  secrets.set('a key that nobody has', `pck_x_${'s'.repeat(43)}`);

  const user = await client.register({ email, password });
  await client.admin('POST', '/v1/users', { json: { email, password: wrongPassword } });
  await client.admin('POST', '/v1/users', { json: { email: 1, password, extra: wrongPassword } });
  await client.admin('POST', '/v1/users', { headers: { 'content-type': 'application/json' }, body: `{"${password}` });
  await client.trySignIn({ email, password: wrongPassword });
  const signedIn: SignInBody = (await client.trySignIn(user)).body;
  const { access_token: access, refresh_token: refresh } = signedIn;
  const refreshed = (await client.refresh(refresh)).body.access_token;
  secrets.set('an access token', access).set('a refresh token', refresh).set('a refreshed token', refreshed);

  await client.verdict(access);
  await client.verdict(refresh);
  await client.profile(access);
  await client.profile(refresh);
  await client.revokeToken({ token: refresh });
  await client.verdict(refreshed);
  await program.control.ask('GET', `/v1/users?search=${email}`, { bearer: rootKey });
  for (const bearer of secrets.values()) await program.control.ask('GET', '/v1/users', { bearer });
  await program.control.ask('GET', '/v1/users', { headers: { 'x-api-key': rootKey } });
  await program.control.ask('GET', `/nosuch/${refresh}`, {});
  await program.edge.ask('GET', `/hello?access_token=${access}`, { bearer: access });
  await client.command(user.id, 'disable', { headers: { 'idempotency-key': 'k1' } });
  await client.delete(user.id);
  // The worst: an error that nobody foresaw, in the middle of a request that carries secrets.
  await damageNewestEvent();
  await client.delete(user.id);
  await client.trySignIn(user);
  program.database.close();
  await client.register({ password }).catch(() => undefined);
  await client.trySignIn(user);
  await client.refresh(refresh);
});
afterAll(() => program.close());

function damageNewestEvent(): Promise<number> {
  return program.database.write('events', (connection) =>
    connection.change(`UPDATE "events" SET doc = json_set(doc, '$.state', json('"no state"'))`),
  );
}

describe('given a whole run, with everything that goes wrong in it', () => {
  it('then it was logged', () => {
    expect(program.logLines.length).toBeGreaterThan(20);
    expect(program.logLines.join('\n')).toMatch(/"command":"register"/);
    expect(program.logLines.join('\n')).toMatch(/unavailable/);
  });

  it('then no line holds a password, a token or a key', () => {
    const log = program.logLines.join('\n');
    for (const [what, secret] of secrets) {
      for (const part of [secret, encodeURIComponent(secret), secret.slice(-30)]) {
        expect({ what, logged: log.includes(part) }).toEqual({ what, logged: false });
      }
    }
  });

  it('then no line holds the address of the user', () => {
    expect(program.logLines.filter((line) => line.includes(email))).toEqual([]);
  });
});

describe('given what is stored', () => {
  it('then keys, passwords and tokens are there as hashes only', async () => {
    const stored = await startProgram();
    try {
      const client = new Client(stored);
      const made = await client.admin<{ text: string }>('POST', '/v1/admin-keys', {
        json: { name: 'k', role: 'admin' },
      });
      const user = await client.register({ password });
      const tokens = await client.signIn(user);
      const tables = await stored.database.read((connection) =>
        connection
          .rows(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%doc TEXT%'`)
          .map(([name]) => String(name)),
      );
      expect(tables).toEqual(expect.arrayContaining(['admin_keys', 'accounts', 'sessions', 'events']));
      for (const table of tables) {
        const documents = (await storedDocuments(stored.database, table)).join('\n');
        for (const secret of [
          rootKey,
          made.body.text,
          made.body.text.slice(-43),
          password,
          tokens.access,
          tokens.refresh,
        ]) {
          expect({ table, stored: documents.includes(secret) }).toEqual({ table, stored: false });
        }
      }
      expect((await storedDocuments(stored.database, 'accounts')).join()).toContain('$argon2id$');
    } finally {
      await stored.close();
    }
  });
});

describe('given an error that nobody foresaw', () => {
  it('when it happens, then the answer says nothing of the inside, and the log has it under the correlation id', async () => {
    const broken = await startProgram();
    try {
      const client = new Client(broken);
      const user = await client.register();
      await broken.database.write('events', (connection) =>
        connection.change(`UPDATE "events" SET doc = json_set(doc, '$.event.type', 'portcullis.user.renamed.v1')`),
      );
      const answer = await client.admin('GET', `/v1/users/${user.id}/events`);
      const problem = expectProblem(answer, 500, 'InternalError');
      expect(problem.detail).not.toMatch(/renamed/);
      const id = String(answer.headers['x-correlation-id']);
      expect(broken.logLines.filter((line) => line.includes(id)).join()).toContain('portcullis.user.renamed.v1');
    } finally {
      await broken.close();
    }
  });
});

describe('given a store that cannot be asked', () => {
  it('then commands and questions get 503 with a time to come again, sign-in too, and readiness says so', async () => {
    const cut = await startProgram();
    try {
      const client = new Client(cut);
      const user = await client.register();
      const tokens = await client.signIn(user);
      cut.database.close();
      for (const answer of [
        await client.command(user.id, 'disable'),
        await client.command(user.id, 'disable', { headers: { 'idempotency-key': 'x' } }),
        await client.get(user.id),
        await client.admin('GET', '/v1/users'),
        await client.admin('POST', '/v1/apps/main/revoke-sessions'),
        await client.revokeToken({ token: tokens.access }),
      ]) {
        expectProblem(answer, 503, 'StoreUnavailable');
        expect(answer.headers['retry-after']).toBe('1');
      }
      for (const answer of [await client.trySignIn(user), await client.refresh(tokens.refresh)]) {
        expect(answer).toMatchObject({ status: 503, body: { error_code: 'StoreUnavailable' } });
        expect(answer.headers['retry-after']).toBe('1');
      }
      expect((await cut.control.ask('GET', '/healthz')).status).toBe(200);
      expect(await cut.control.ask('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'not ready' } });
      // The edge goes on with the set that it has.
      expect(await client.verdict(tokens.access)).toBe(200);
    } finally {
      await cut.close();
    }
  });
});
