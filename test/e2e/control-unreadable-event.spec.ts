import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SqliteDatabase } from '#libs/documents/sqlite';
import { eventually } from '../support/eventually.js';
import { type Program, startProgram } from '../support/program.js';
import { Client, type TestUser, type Tokens } from '../support/program-client.js';

/** An event of a newer program on the log. */
const poison = JSON.stringify({
  _id: 'main/5f00:0000000001',
  key: '5f00',
  event: { type: 'portcullis.user.renamed.v1', revision: 1, time: Date.now() },
  state: {},
});

function write(database: SqliteDatabase, sql: string): Promise<unknown> {
  return database.write('events', (connection) => connection.change(sql));
}

let program: Program;
let client: Client;
let user: TestUser;
let tokens: Tokens;
const ready = async (port: 'control' | 'edge') => (await program[port].ask('GET', '/readyz')).status;

describe('given a running program, and an event that it cannot read', () => {
  beforeAll(async () => {
    program = await startProgram();
    client = new Client(program);
    user = await client.register();
    tokens = await client.signIn(user);
    await write(program.database, `INSERT INTO "events" (_id, doc) VALUES ('main/5f00:0000000001', '${poison}')`);
    await eventually(async () => (await ready('edge')) === 503);
  });
  afterAll(() => program.stop());

  it('then both ports say that they are not ready, and why', async () => {
    for (const port of [program.control, program.edge]) {
      const answer = await port.ask('GET', '/readyz');
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('portcullis.user.renamed.v1');
    }
  });

  it('then commands go on and are enforced at once by the shortcut, and the edge goes on', async () => {
    expect(await client.verdict(tokens.access)).toBe(200);
    expect((await client.command(user.id, 'disable')).body.enforcement.status).toBe('enforced');
    expect(await client.verdict(tokens.access)).toBe(401);
    expect((await client.get(user.id)).body.state).toBe('disabled');
  });

  it('when the program is started anew, then the edge gives no verdict until the event can be read', async () => {
    await client.command(user.id, 'enable');
    const alive = await client.signIn(user);
    await program.stop();
    const before = program;
    program = await startProgram({ folder: before.folder });
    client = new Client(program);
    expect(await client.verdict(alive.access)).toBe(503);
    expect(await client.verdict(tokens.access)).toBe(503);
    expect([await ready('control'), await ready('edge')]).toEqual([503, 503]);
    expect((await client.command(user.id, 'enable')).status).toBe(200);

    await write(program.database, `DELETE FROM "events" WHERE _id = 'main/5f00:0000000001'`);
    await eventually(async () => (await client.verdict(alive.access)) === 200);
    expect(await client.verdict(tokens.access)).toBe(401);
    await eventually(async () => (await ready('control')) === 200 && (await ready('edge')) === 200);
    await program.stop();
    await before.close();
  });
});
