import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from '../support/program.js';
import { Client, type CommandBody } from '../support/program-client.js';
import type { Answer } from '../support/program-http.js';
import { expectProblem } from '../support/program-problem.js';

let program: Program;
let client: Client;
beforeAll(async () => {
  program = await startProgram();
  client = new Client(program);
});
afterAll(() => program.close());

/** Brings a user into a state and gives the id. */
const states = {
  unknown: async () => '5f0000000000000000000000',
  pending: async () => (await client.register({ confirmed: false })).id,
  confirmed: async () => (await client.register()).id,
  disabled: async () => {
    const { id } = await client.register();
    await client.command(id, 'disable');
    return id;
  },
  deleted: async () => {
    const { id } = await client.register();
    await client.delete(id);
    return id;
  },
} as const;
type State = keyof typeof states;

const commands = {
  confirm: (id: string) => client.command(id, 'confirm'),
  disable: (id: string) => client.command(id, 'disable'),
  enable: (id: string) => client.command(id, 'enable'),
  'revoke sessions': (id: string) => client.command(id, 'revoke-sessions'),
  delete: (id: string) => client.delete(id),
} as const;
type Command = keyof typeof commands;

const notFound = 'refused: 404 UserNotFound';
const notConfirmed = 'refused: 409 UserNotConfirmed';
const already = 'refused: 409 UserAlreadyConfirmed';
const nothing = 'nothing to do';
/** The table of docs/architecture.md, section 5, as HTTP tells it. */
const table: Readonly<Record<State, Readonly<Record<Command, string>>>> = {
  unknown: {
    confirm: notFound,
    disable: notFound,
    enable: notFound,
    'revoke sessions': notFound,
    delete: notFound,
  },
  pending: {
    confirm: 'portcullis.user.confirmed.v1',
    disable: notConfirmed,
    enable: notConfirmed,
    'revoke sessions': nothing,
    delete: 'portcullis.user.deleted.v1',
  },
  confirmed: {
    confirm: already,
    disable: 'portcullis.user.disabled.v1',
    enable: nothing,
    'revoke sessions': 'portcullis.user.sessions-revoked.v1',
    delete: 'portcullis.user.deleted.v1',
  },
  disabled: {
    confirm: already,
    disable: nothing,
    enable: 'portcullis.user.enabled.v1',
    'revoke sessions': 'portcullis.user.sessions-revoked.v1',
    delete: 'portcullis.user.deleted.v1',
  },
  deleted: {
    confirm: notFound,
    disable: notFound,
    enable: notFound,
    'revoke sessions': notFound,
    delete: notFound,
  },
};

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A command's answer has exactly the documented shape. */
function expectCommandAnswer(answer: Answer<CommandBody>, userId: string | null, version: number, events: string[]) {
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).toEqual({
    userId,
    version,
    events: events.map((type) => ({ id: expect.stringMatching(uuid), type, version })),
    enforcement: { status: 'enforced', at: expect.stringMatching(iso) },
  });
}

describe.each(Object.keys(states) as State[])('given a user who is %s', (state) => {
  it.each(Object.keys(commands) as Command[])('when the command is to %s, then the table says so', async (command) => {
    const id = await states[state]();
    const versionBefore = (await client.get(id)).body.version;
    const answer = await commands[command](id);
    const expected = table[state][command];
    const [, status, code] = /^refused: (\d+) (\w+)$/.exec(expected) ?? [];
    if (code !== undefined) {
      expectProblem(answer, Number(status), code);
      expect((await client.get(id)).body.version).toBe(versionBefore);
    } else if (expected === nothing) {
      expect(answer.status).toBe(200);
      expectCommandAnswer(answer, id, versionBefore, []);
    } else {
      expect(answer.status).toBe(200);
      expectCommandAnswer(answer, id, versionBefore + 1, [expected]);
    }
  });

  it('when a session that the user does not have is to be revoked, then it is not found', async () => {
    const id = await states[state]();
    expectProblem(await client.admin('DELETE', `/v1/users/${id}/sessions/nosuch`), 404, 'SessionNotFound');
  });
});

describe('given an address', () => {
  const json = () => ({ email: `${randomUUID()}@example.org`, password: 'correct horse' });

  it.each([
    ['without a word on confirmation', {}, 'confirmed'],
    ['as confirmed', { confirmed: true }, 'confirmed'],
    ['as pending', { confirmed: false }, 'pending'],
  ])('when a user is registered on it %s, then the user is there', async (_how, extra, state) => {
    const answer = await client.admin<CommandBody>('POST', '/v1/users', { json: { ...json(), ...extra } });
    expect(answer.status).toBe(201);
    expect(answer.body.userId).toMatch(/^[0-9a-f]{24}$/);
    expectCommandAnswer(answer, answer.body.userId, 1, ['portcullis.user.registered.v1']);
    expect((await client.get(answer.body.userId ?? '')).body.state).toBe(state);
  });

  it.each([true, false])('when it is taken by a user (confirmed: %s), then it cannot be had', async (confirmed) => {
    const user = await client.register({ confirmed });
    const { email } = user;
    expectProblem(await client.admin('POST', '/v1/users', { json: { ...json(), email } }), 409, 'AccountNameInUse');
    if (confirmed) expect((await client.signIn(user)).userId).toBe(user.id);
  });

  it('when it is taken in another case, then it can be had: addresses are case-sensitive', async () => {
    const { email } = await client.register();
    await client.register({ email: email.toUpperCase() });
  });

  it('when its user is deleted, then a new user can have it, under a new id', async () => {
    const user = await client.register();
    await client.delete(user.id);
    const heir = await client.register({ email: user.email });
    expect(heir.id).not.toBe(user.id);
    expect((await client.signIn(heir)).userId).toBe(heir.id);
    expect(await client.trySignIn(user)).toMatchObject({ status: 401 });
  });

  it('when twenty want it at once, then one gets it, with the password of that one', async () => {
    const email = `${randomUUID()}@example.org`;
    const wanted = Array.from({ length: 20 }, (_, n) => ({ email, password: `password ${n}` }));
    const answers = await Promise.all(
      wanted.map((one) => client.admin<CommandBody>('POST', '/v1/users', { json: one })),
    );
    const winners = answers.flatMap((answer, n) =>
      answer.status === 201 ? [{ answer, password: `password ${n}` }] : [],
    );
    expect(winners).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 201) expect(answer.status).toBe(409);
    const [winner] = winners;
    const tokens = await client.signIn({ email, password: winner?.password ?? '' });
    expect(tokens.userId).toBe(winner?.answer.body.userId);
  });
});

describe('given a session', () => {
  it('when it is revoked twice, then the second time there is nothing to do', async () => {
    const user = await client.register();
    const { sid } = await client.signIn(user);
    const path = `/v1/users/${user.id}/sessions/${sid}`;
    expectCommandAnswer(await client.admin('DELETE', path), user.id, 2, ['portcullis.user.session-revoked.v1']);
    expectCommandAnswer(await client.admin('DELETE', path), user.id, 2, []);
  });

  it('when it is below the watermark, then there is nothing to do', async () => {
    const user = await client.register();
    const { sid } = await client.signIn(user);
    await client.command(user.id, 'revoke-sessions');
    const answer = await client.admin<CommandBody>('DELETE', `/v1/users/${user.id}/sessions/${sid}`);
    expectCommandAnswer(answer, user.id, 2, []);
  });

  it('when it is revoked under the id of another user, then it is not found and lives', async () => {
    const [ada, bob] = [await client.register(), await client.register()];
    const tokens = await client.signIn(ada);
    const answer = await client.admin('DELETE', `/v1/users/${bob.id}/sessions/${tokens.sid}`);
    expectProblem(answer, 404, 'SessionNotFound');
    expect(await client.verdict(tokens.access)).toBe(200);
  });
});

describe('given the app', () => {
  it('when everyone is revoked again and again, then each time is a fact', async () => {
    const path = '/v1/apps/main/revoke-sessions';
    for (const version of [1, 2]) {
      expectCommandAnswer(await client.admin('POST', path), null, version, ['portcullis.app.sessions-revoked.v1']);
    }
  });

  it('when it is another app, then it is not found', async () => {
    expectProblem(await client.admin('POST', '/v1/apps/other/revoke-sessions'), 404, 'AppNotFound');
  });
});

describe('given a reason', () => {
  it('when a command carries it, then the event and the user show it, and who sent the command under which id', async () => {
    const { id } = await client.register();
    const headers = { 'x-correlation-id': 'ticket-4711' };
    const answer = await client.command(id, 'disable', { json: { reason: 'left the company' }, headers });
    expect(answer.headers['x-correlation-id']).toBe('ticket-4711');
    expect((await client.get(id)).body.reason).toBe('left the company');
    const history = await client.admin<{ events: object[] }>('GET', `/v1/users/${id}/events`);
    expect(history.body.events.at(-1)).toMatchObject({
      type: 'portcullis.user.disabled.v1',
      reason: 'left the company',
      correlationId: 'ticket-4711',
      actor: { kind: 'admin', id: 'environment' },
      time: expect.stringMatching(iso),
    });
  });
});

describe('given fifty commands at once to one user', () => {
  it('then each is answered with its place, told of the conflict, or has nothing to do, and the history has no gaps', async () => {
    const { id } = await client.register();
    const names = ['disable', 'enable', 'revoke-sessions'] as const;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => client.command(id, names[n % names.length] ?? 'disable')),
    );
    const versions: number[] = [];
    for (const answer of answers) {
      if (answer.status === 200) versions.push(...answer.body.events.map(({ version }) => version));
      else {
        expectProblem(answer, 409, 'VersionConflict');
        expect(answer.headers['retry-after']).toBe('1');
      }
    }
    const newest = (await client.get(id)).body.version;
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: newest - 1 }, (_, n) => n + 2));
    const history = await client.admin<{ events: { version: number }[] }>('GET', `/v1/users/${id}/events?limit=500`);
    expect(history.body.events.map(({ version }) => version)).toEqual(Array.from({ length: newest }, (_, n) => n + 1));
  });
});
