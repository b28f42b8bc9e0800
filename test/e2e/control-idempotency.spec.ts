import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Program, rootKey, startProgram, storedDocuments } from '../support/program.js';
import { Client, type CommandBody } from '../support/program-client.js';
import type { Answer } from '../support/program-http.js';
import { expectProblem } from '../support/program-problem.js';

let program: Program;
let client: Client;
let key: string;
beforeAll(async () => {
  program = await startProgram();
  client = new Client(program);
});
beforeEach(() => {
  key = randomUUID();
});
afterAll(() => program.close());

const withKey = () => ({ headers: { 'idempotency-key': key } });

/** As if the process that ran the commands had died after its events were appended and before it kept any answer. */
function dieBeforeAnswers(): Promise<number> {
  return program.database.write('command_results', (connection) =>
    connection.change(
      `UPDATE "command_results" SET doc = json_remove(json_set(doc, '$.holder', 'a dead process'), '$.answer')`,
    ),
  );
}

function eventsOf(answer: Answer<CommandBody>) {
  return answer.body.events.map(({ id, version }) => ({ id, version }));
}

describe('given a command with an Idempotency-Key that was answered', () => {
  it('when it is sent again, then the first answer comes again, and nothing happens', async () => {
    const { id } = await client.register();
    const first = await client.command(id, 'disable', withKey());
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    await client.command(id, 'enable');

    const again = await client.command(id, 'disable', withKey());
    expect(again).toMatchObject({ status: 200, text: first.text, headers: { 'idempotency-replayed': 'true' } });
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect((await client.get(id)).body).toMatchObject({ state: 'confirmed', version: 3 });
  });

  it('when it registered a user, then the same user comes again with 201', async () => {
    const json = { email: `${key}@example.org`, password: 'correct horse' };
    const first = await client.admin<CommandBody>('POST', '/v1/users', { ...withKey(), json });
    const again = await client.admin<CommandBody>('POST', '/v1/users', { ...withKey(), json });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
  });

  it('when it was refused, then the refusal comes again, as a problem document with its status', async () => {
    const { id } = await client.register({ confirmed: false });
    const first = await client.command(id, 'disable', withKey());
    expectProblem(first, 409, 'UserNotConfirmed');
    await client.command(id, 'confirm');
    const again = await client.command(id, 'disable', withKey());
    expectProblem(again, 409, 'UserNotConfirmed');
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.text).toBe(first.text);
  });

  it('when its body was wrong, then that comes again, with the fields', async () => {
    const send = () => client.admin('POST', '/v1/users', { ...withKey(), json: { email: 1 } });
    const first = expectProblem(await send(), 400, 'InvalidRequest');
    expect(expectProblem(await send(), 400, 'InvalidRequest')).toEqual(first);
  });

  it('when another body comes under the key, then 422, and nothing happens', async () => {
    const { id } = await client.register();
    await client.command(id, 'disable', { ...withKey(), json: { reason: 'one' } });
    const other = await client.command(id, 'disable', { ...withKey(), json: { reason: 'two' } });
    expectProblem(other, 422, 'IdempotencyKeyReused');
    expectProblem(await client.command(id, 'enable', withKey()), 422, 'IdempotencyKeyReused');
    expectProblem(await client.delete(id, withKey()), 422, 'IdempotencyKeyReused');
    expect((await client.get(id)).body).toMatchObject({ state: 'disabled', version: 2, reason: 'one' });
  });

  it('when it comes again with another password, then 422, and the first password holds', async () => {
    const user = { email: `${key}@example.org`, password: 'correct horse' };
    const send = (password: string) =>
      client.admin<CommandBody>('POST', '/v1/users', { ...withKey(), json: { ...user, password } });
    expect((await send(user.password)).status).toBe(201);
    expectProblem(await send('another horse'), 422, 'IdempotencyKeyReused');
    expect((await client.trySignIn(user)).status).toBe(200);
    expect((await send(user.password)).status).toBe(201);
  });

  it('when another caller uses the same key, then it is another command', async () => {
    const { id } = await client.register();
    const made = await client.admin<{ text: string }>('POST', '/v1/admin-keys', {
      json: { name: 'other', role: 'operator' },
    });
    await client.command(id, 'revoke-sessions', withKey());
    const other = await new Client(program, made.body.text).command(id, 'revoke-sessions', withKey());
    expect(eventsOf(other)).toEqual([{ id: expect.any(String), version: 3 }]);
  });

  it('when a question comes under the key, then it is answered as ever', async () => {
    const { id } = await client.register();
    await client.command(id, 'disable', withKey());
    expect(await client.admin('GET', `/v1/users/${id}`, withKey())).toMatchObject({ status: 200, body: { id } });
  });

  it('then the store holds neither the key nor a password', async () => {
    const json = { email: `${key}@example.org`, password: `secret ${key}` };
    await client.admin('POST', '/v1/users', { ...withKey(), json });
    const kept = (await storedDocuments(program.database, 'command_results')).join('\n');
    expect(kept).not.toContain(key);
    expect(kept).not.toContain('secret');
  });
});

describe('given commands with one Idempotency-Key at the same time', () => {
  it('then one is carried out, and the others get its answer or are told that it is under way', async () => {
    const json = { email: `${key}@example.org`, password: 'correct horse' };
    const send = () => client.admin<CommandBody>('POST', '/v1/users', { ...withKey(), json });
    const answers = await Promise.all(Array.from({ length: 8 }, send));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) {
      expectProblem(other, 409, 'IdempotencyKeyInProgress');
      expect(other.headers['retry-after']).toBe('1');
    }
    expect((await send()).text).toBe(made[0]?.text);
  });
});

describe('given a command that was cut off after its event was appended', () => {
  it.each(['disable', 'revoke-sessions'] as const)(
    'when %s is sent again, then its event is the answer, and there is no second one',
    async (command) => {
      const user = await client.register();
      const tokens = await client.signIn(user);
      const first = await client.command(user.id, command, withKey());
      await dieBeforeAnswers();
      const again = await client.command(user.id, command, withKey());
      expect(again.status).toBe(200);
      expect(again.body).toEqual({ ...first.body, enforcement: expect.objectContaining({ status: 'enforced' }) });
      expect((await client.get(user.id)).body.version).toBe(2);
      expect(await client.verdict(tokens.access)).toBe(401);
    },
  );

  it('when others came in between, then its own event is still the answer', async () => {
    const { id } = await client.register();
    const first = await client.command(id, 'disable', withKey());
    await client.command(id, 'enable');
    await client.command(id, 'revoke-sessions');
    await dieBeforeAnswers();
    expect(eventsOf(await client.command(id, 'disable', withKey()))).toEqual(eventsOf(first));
    expect((await client.get(id)).body).toMatchObject({ state: 'confirmed', version: 4 });
  });

  it('when a registration is sent again, then it is the same user, who can sign in', async () => {
    const user = { email: `${key}@example.org`, password: 'correct horse' };
    const send = () => client.admin<CommandBody>('POST', '/v1/users', { ...withKey(), json: user });
    const first = await send();
    await dieBeforeAnswers();
    const again = await send();
    expect(again).toMatchObject({ status: 201, body: { userId: first.body.userId, events: first.body.events } });
    expect((await client.signIn(user)).userId).toBe(first.body.userId);
  });

  it('when a deletion is sent again, then its event is the answer, although the user is gone', async () => {
    const { id } = await client.register();
    const first = await client.delete(id, withKey());
    await dieBeforeAnswers();
    expect(eventsOf(await client.delete(id, withKey()))).toEqual(eventsOf(first));
  });

  it('when the revocation of a session is sent again, then its event is the answer', async () => {
    const user = await client.register();
    const path = `/v1/users/${user.id}/sessions/${(await client.signIn(user)).sid}`;
    const first = await client.admin<CommandBody>('DELETE', path, withKey());
    await dieBeforeAnswers();
    expect(eventsOf(await client.admin<CommandBody>('DELETE', path, withKey()))).toEqual(eventsOf(first));
  });

  it('when everyone was revoked, then that event is the answer, and whoever signed in since stays', async () => {
    const user = await client.register();
    const path = '/v1/apps/main/revoke-sessions';
    const first = await client.admin<CommandBody>('POST', path, withKey());
    const tokens = await client.signIn(user);
    await dieBeforeAnswers();
    expect(eventsOf(await client.admin<CommandBody>('POST', path, withKey()))).toEqual(eventsOf(first));
    expect(await client.verdict(tokens.access)).toBe(200);
  });

  it('when it is sent again with another body, then 422', async () => {
    const { id } = await client.register();
    await client.command(id, 'disable', withKey());
    await dieBeforeAnswers();
    const other = await client.command(id, 'disable', { ...withKey(), json: { reason: 'x' } });
    expectProblem(other, 422, 'IdempotencyKeyReused');
  });
});

describe('given an Idempotency-Key that is none', () => {
  it.each([
    ['empty', ''],
    ['of 256 characters', 'x'.repeat(256)],
    ['with a space', 'a b'],
    ['beyond ASCII', 'schl\u00fcssel'],
  ])('when it is %s, then 400, and nothing happens', async (_name, value) => {
    const { id } = await client.register();
    const answer = await program.control.ask('POST', `/v1/users/${id}/disable`, {
      bearer: rootKey,
      headers: { 'idempotency-key': value },
    });
    expectProblem(answer, 400, 'InvalidRequest');
    expect((await client.get(id)).body.version).toBe(1);
  });

  it('when the caller is not let in, then the key is not even looked at', async () => {
    const answer = await program.control.ask('POST', '/v1/users', { headers: { 'idempotency-key': 'a b' } });
    expectProblem(answer, 401, 'Unauthorized');
  });
});
