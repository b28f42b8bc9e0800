import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { eventually } from '../support/eventually.js';
import { type Program, startProgram } from '../support/program.js';
import { Client } from '../support/program-client.js';
import { expectProblem } from '../support/program-problem.js';

let program: Program;
let client: Client;
beforeAll(async () => {
  program = await startProgram();
  client = new Client(program);
});
afterAll(() => program.close());

/** The value of a metric, by its name and all its labels; 0 when it is not there. */
async function metric(series: string): Promise<number> {
  const { text } = await program.control.ask('GET', '/metrics');
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

describe('given a program that runs', () => {
  it.each(['/healthz', '/readyz'])(
    'when %s is asked for, then it is well, on both ports and without a key',
    async (path) => {
      for (const port of [program.control, program.edge]) {
        const answer = await port.ask('GET', path);
        expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
        expect((await port.ask('HEAD', path)).status).toBe(200);
      }
    },
  );

  it('then readiness names what it looked at', async () => {
    expect((await program.control.ask('GET', '/readyz')).body).toEqual({
      status: 'ready',
      checks: expect.arrayContaining([{ name: 'store', ok: true }]),
    });
  });

  it('when metrics are asked for, then they are in the text format of Prometheus', async () => {
    const answer = await program.control.ask('GET', '/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const name of [
      'portcullis_verdicts_total',
      'portcullis_commands_total',
      'portcullis_append_to_enforced_seconds',
      'portcullis_projector_lag_events',
      'portcullis_relay_backlog_events',
    ]) {
      expect(answer.text).toContain(`# TYPE ${name} `);
    }
  });
});

describe('given commands', () => {
  const outcomes = ['fact', 'nothing-to-do', 'refused'] as const;
  it('when they come to this and that, then each is counted under its outcome', async () => {
    const count = (outcome: string) => metric(`portcullis_commands_total{command="disable",outcome="${outcome}"}`);
    const before = await Promise.all(outcomes.map(count));
    const { id } = await client.register();
    await client.command(id, 'disable');
    await client.command(id, 'disable');
    await client.command('nosuch', 'disable');
    const after = await Promise.all(outcomes.map(count));
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 1, 1]);
  });

  it('when one revokes, then the time from append to enforced is counted, by shortcut and by log', async () => {
    const shortcut = 'portcullis_append_to_enforced_seconds_count{via="shortcut"}';
    const log = 'portcullis_append_to_enforced_seconds_count{via="log"}';
    const before = { shortcut: await metric(shortcut), log: await metric(log) };
    const { id } = await client.register();
    await client.command(id, 'revoke-sessions');
    expect(await metric(shortcut)).toBe(before.shortcut + 1);
    await eventually(async () => (await metric(log)) === before.log + 1);
  });

  it('when they are answered, then each has a line in the log, with who, what and how long', async () => {
    const { id } = await client.register();
    await client.command(id, 'disable', { headers: { 'x-correlation-id': `line-${id}` } });
    const lines = program.logLines.filter((line) => line.includes(`line-${id}`));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'command',
      command: 'disable',
      userId: id,
      app: 'main',
      actor: { kind: 'admin', id: 'environment' },
      outcome: 'portcullis.user.disabled.v1',
      version: 2,
      enforcement: 'enforced',
      ms: expect.any(Number),
    });
  });

  it('when they fail before anything is decided, then each has its one line and its one count all the same', async () => {
    const user = await client.register();
    const { sid } = await client.signIn(user);
    const other = await client.register();
    const again = { json: { email: user.email, password: 'correct horse' } };
    const calls = [
      ['register', 'refused', 'email-taken', 'POST', '/v1/users', again],
      ['revoke-session', 'refused', 'SessionNotFound', 'DELETE', `/v1/users/${user.id}/sessions/nosuch`, {}],
      ['revoke-session', 'refused', 'SessionNotFound', 'DELETE', `/v1/users/${other.id}/sessions/${sid}`, {}],
      ['register', 'portcullis.user.registered.v1', undefined, 'POST', '/v1/users', { json: newUser() }],
      [
        'revoke-session',
        'portcullis.user.session-revoked.v1',
        undefined,
        'DELETE',
        `/v1/users/${user.id}/sessions/${sid}`,
        {},
      ],
      [
        'revoke-app-sessions',
        'portcullis.app.sessions-revoked.v1',
        undefined,
        'POST',
        '/v1/apps/main/revoke-sessions',
        {},
      ],
    ] as const;
    for (const [command, outcome, code, method, path, ask] of calls) {
      const id = randomUUID();
      const before = await counted(command);
      await client.admin(method, path, { ...ask, headers: { 'x-correlation-id': id } });
      expect(linesOf(id)).toEqual([expect.objectContaining({ msg: 'command', command, outcome })]);
      expect(linesOf(id)[0]?.code).toBe(code);
      expect(await counted(command)).toBe(before + 1);
    }
  });

  const newUser = () => ({ email: `${randomUUID()}@example.org`, password: 'correct horse' });

  /** How often a command was counted, whatever it came to. */
  async function counted(command: string): Promise<number> {
    const { text } = await program.control.ask('GET', '/metrics');
    const series = [...text.matchAll(/^portcullis_commands_total\{command="([^"]+)",[^}]*\} (\d+)$/gm)];
    return series.reduce((sum, [, name, count]) => sum + (name === command ? Number(count) : 0), 0);
  }

  it('when the projections have followed, then their lag is 0', async () => {
    await client.register();
    for (const projection of ['users', 'erasure', 'revocations']) {
      await eventually(async () => (await metric(`portcullis_projector_lag_events{projection="${projection}"}`)) === 0);
    }
  });
});

/** The lines of the log under a correlation id. */
function linesOf(correlationId: string): Record<string, unknown>[] {
  return program.logLines.filter((line) => line.includes(correlationId)).map((line) => JSON.parse(line));
}

describe('given keys that are made and removed', () => {
  it('then each operation has one line in the log, with who, what and which, and nothing secret', async () => {
    const logged = async (method: string, path: string, json?: object) => {
      const id = randomUUID();
      const answer = await client.admin<{ keyId: string; text: string; keys: { kid: string }[] }>(method, path, {
        ...(json ? { json } : {}),
        headers: { 'x-correlation-id': id },
      });
      const [line, ...more] = linesOf(id);
      expect(more).toEqual([]);
      expect(line).toMatchObject({ msg: 'key operation', actor: { kind: 'admin', id: 'environment' } });
      return { body: answer.body, line };
    };
    const made = await logged('POST', '/v1/admin-keys', { name: 'k', role: 'operator' });
    const { keyId, text } = made.body;
    expect(made.line).toMatchObject({ operation: 'make-admin-key', outcome: 'done', keyId, role: 'operator' });
    expect(JSON.stringify(made.line)).not.toContain(text.slice(-43));
    expect((await logged('DELETE', `/v1/admin-keys/${keyId}`)).line).toMatchObject({
      operation: 'remove-admin-key',
      outcome: 'done',
      keyId,
    });
    expect((await logged('DELETE', `/v1/admin-keys/${keyId}`)).line).toMatchObject({
      operation: 'remove-admin-key',
      outcome: 'failed',
      code: 'AdminKeyNotFound',
      keyId,
    });
    expect((await logged('DELETE', '/v1/admin-keys/environment')).line).toMatchObject({ code: 'environment-key' });
    const rotated = await logged('POST', '/v1/signing-keys/rotate');
    const kid = rotated.body.keys.at(-1)?.kid;
    expect(rotated.line).toMatchObject({ operation: 'rotate-signing-key', outcome: 'done', kid });
    expect((await logged('DELETE', `/v1/signing-keys/${kid}`)).line).toMatchObject({
      operation: 'remove-signing-key',
      outcome: 'done',
      kid,
    });
    expect((await logged('DELETE', `/v1/signing-keys/${kid}`)).line).toMatchObject({ code: 'SigningKeyNotFound' });
  });
});

describe('given a correlation id that is none', () => {
  it.each(['with a space', 'with a space in it', 'x'.repeat(129), '<script>'])(
    'when it is %.20s, then a new one is made',
    async (id) => {
      const answer = await program.control.ask('GET', '/healthz', { headers: { 'x-correlation-id': id } });
      expect(answer.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

describe('given the description of the API', () => {
  it('then it is OpenAPI 3, and whole: every reference leads somewhere', async () => {
    const answer = await program.control.ask<{ openapi: string; info: object; components: { schemas: object } }>(
      'GET',
      '/openapi.json',
    );
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body.openapi).toMatch(/^3\.\d+\.\d+$/);
    expect(answer.body.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    for (const [, path = ''] of answer.text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      expect(answer.body).toHaveProperty(path.split('/'));
    }
  });

  it('then every operation has a summary, an answer, and each parameter of its path', async () => {
    type Operation = {
      readonly summary?: string;
      readonly responses?: object;
      readonly parameters?: readonly { readonly name: string; readonly in: string }[];
    };
    const { body } = await program.control.ask<{ paths: Record<string, Record<string, Operation>> }>(
      'GET',
      '/openapi.json',
    );
    for (const [path, methods] of Object.entries(body.paths)) {
      for (const [method, { summary, responses, parameters = [] }] of Object.entries(methods)) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
        const described = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
        expect({ path, method, summary: Boolean(summary), answers: Object.keys(responses ?? {}).length > 0 }).toEqual({
          path,
          method,
          summary: true,
          answers: true,
        });
        expect({ path, method, parameters: described.sort() }).toEqual({ path, method, parameters: inPath });
      }
    }
  });

  it('then each operation that needs an admin key says both ways to show one', async () => {
    const { body } = await program.control.ask<{
      components: { securitySchemes: object };
      paths: Record<string, Record<string, { security?: object[] }>>;
    }>('GET', '/openapi.json');
    expect(body.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      'api-key': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
    const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      path.startsWith('/v1/') ? Object.values(methods) : [],
    );
    expect(operations.length).toBeGreaterThan(10);
    for (const { security = [] } of operations) {
      expect(new Set(security.map((each) => Object.keys(each).join()))).toEqual(new Set(['bearer', 'api-key']));
    }
  });

  it('when it is read as a page, then that page and all that it loads come from here', async () => {
    const page = await program.control.ask('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) {
      expect(url).not.toMatch(/^(https?:)?\/\//);
      const { pathname } = new URL(url, `${program.control.url}/docs`);
      expect({ url, status: (await program.control.ask('GET', pathname)).status }).toEqual({ url, status: 200 });
    }
  });
});

describe('given the signing keys', () => {
  it('when they are rotated, then the new one is published before it signs, and old tokens stay good', async () => {
    const user = await client.register();
    const { access } = await client.signIn(user);
    const before = await client.admin<{ keys: { kid: string }[] }>('GET', '/v1/signing-keys');
    expect(before.text).not.toMatch(/"d"|private/i);
    const after = await client.admin<{ keys: { kid: string }[] }>('POST', '/v1/signing-keys/rotate');
    expect(after.body.keys).toHaveLength(before.body.keys.length + 1);
    const jwks = await program.control.ask<{ keys: object[] }>('GET', '/.well-known/jwks.json');
    expect(jwks.headers['cache-control']).toBe('public, max-age=60');
    expect(jwks.body.keys).toHaveLength(after.body.keys.length);
    for (const key of jwks.body.keys) expect(key).not.toHaveProperty('d');
    expect(await client.verdict(access)).toBe(200);
    expect(decodeJwt((await client.signIn(user)).access).sub).toBe(user.id);
  });

  it('when the one that signs is removed, then its tokens are dead at once, and new ones are good', async () => {
    const user = await client.register();
    const { access } = await client.signIn(user);
    expect(await client.verdict(access)).toBe(200);
    const { kid } = decodeProtectedHeader(access);
    expect((await client.admin('DELETE', `/v1/signing-keys/${kid}`)).status).toBe(204);
    expect(await client.verdict(access)).toBe(401);
    expect(await client.verdict((await client.signIn(user)).access)).toBe(200);
    expectProblem(await client.admin('DELETE', `/v1/signing-keys/${kid}`), 404, 'SigningKeyNotFound');
  });
});

describe('given a program whose shortcut is switched off', () => {
  it('when a command revokes, then it says pending, and the log enforces it a little later', async () => {
    const slow = await startProgram({ env: { ENFORCE_AT_ONCE: 'false' } });
    try {
      const late = new Client(slow);
      const user = await late.register();
      const { access } = await late.signIn(user);
      const answer = await late.command(user.id, 'disable');
      expect(answer.body.enforcement).toEqual({ status: 'pending' });
      await eventually(async () => (await late.verdict(access)) === 401);
      expectProblem(await late.command(user.id, 'confirm'), 409, 'UserAlreadyConfirmed');
    } finally {
      await slow.close();
    }
  });
});
