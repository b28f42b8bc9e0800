import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type Program, startProgram, storedDocuments } from '../support/program.js';
import { Client, type TestUser, type UserBody } from '../support/program-client.js';
import { expectProblem } from '../support/program-problem.js';

interface Page {
  readonly users: readonly UserBody[];
  readonly next: string | null;
}
interface EventPage {
  readonly events: readonly { readonly version: number; readonly type: string }[];
  readonly next: number | null;
}

let program: Program;
let client: Client;
beforeAll(async () => {
  program = await startProgram();
  client = new Client(program);
});
afterAll(() => program.close());

/** Every page of a list, one after the other. */
async function pages(query: string): Promise<Page[]> {
  const all: Page[] = [];
  for (let after = ''; ; ) {
    const { body } = await client.admin<Page>('GET', `/v1/users?${query}${after}`);
    all.push(body);
    if (body.next === null) return all;
    after = `&after=${encodeURIComponent(body.next)}`;
  }
}

async function idsOf(query: string): Promise<string[]> {
  return (await pages(query)).flatMap(({ users }) => users.map(({ id }) => id));
}

describe('given more users than a page holds', () => {
  const made: Record<string, TestUser[]> = { pending: [], confirmed: [], disabled: [], deleted: [] };
  beforeAll(async () => {
    for (let n = 0; n < 3; n += 1) {
      made.pending?.push(await client.register({ confirmed: false }));
      made.confirmed?.push(await client.register());
      const disabled = await client.register();
      await client.command(disabled.id, 'disable', { json: { reason: 'late' } });
      made.disabled?.push(disabled);
      const deleted = await client.register();
      await client.delete(deleted.id);
      made.deleted?.push(deleted);
    }
    await eventually(async () => (await idsOf('state=deleted')).length === 3);
  });
  const ids = (...states: string[]) => states.flatMap((state) => made[state]?.map(({ id }) => id) ?? []).sort();

  it.each([1, 2, 4, 9, 50])('when they are listed by %s, then each comes once, in order of id', async (limit) => {
    expect(await idsOf(`limit=${limit}`)).toEqual(ids('pending', 'confirmed', 'disabled'));
    for (const page of await pages(`limit=${limit}`)) expect(page.users.length).toBeLessThanOrEqual(limit);
  });

  it.each(['pending', 'confirmed', 'disabled', 'deleted'])(
    'when only the %s are asked for, then they come',
    async (state) => {
      expect(await idsOf(`state=${state}&limit=2`)).toEqual(ids(state));
      for (const { users } of await pages(`state=${state}`)) {
        for (const user of users) expect(user.state).toBe(state);
      }
    },
  );

  it('when deleted ones are listed, then without an address', async () => {
    for (const { users } of await pages('state=deleted')) for (const user of users) expect(user.email).toBeNull();
  });

  it('when others are listed, then with their address', async () => {
    const [page] = await pages('state=disabled');
    const emails = new Map(made.disabled?.map(({ id, email }) => [id, email]));
    for (const user of page?.users ?? []) expect(user).toMatchObject({ email: emails.get(user.id), reason: 'late' });
  });

  it('when a user comes in between two pages, then nobody is repeated or missing', async () => {
    const first = (await client.admin<Page>('GET', '/v1/users?limit=4')).body;
    const late = await client.register();
    await eventually(async () => (await idsOf('')).includes(late.id));
    const rest = await idsOf(`after=${first.next}`);
    expect([...first.users.map(({ id }) => id), ...rest]).toEqual([
      ...ids('pending', 'confirmed', 'disabled'),
      late.id,
    ]);
    await client.delete(late.id);
  });
});

describe('given addresses to search for', () => {
  const prefix = `find${randomUUID().slice(0, 8)}`;
  const emails = [`${prefix}.a@x.org`, `${prefix.toUpperCase()}.B@x.org`, `${prefix}.c@x.org`, `${prefix}%_.d@x.org`];
  const users: TestUser[] = [];
  beforeAll(async () => {
    for (const email of emails) users.push(await client.register({ email }));
    await client.register({ email: `x${prefix}@x.org` });
  });
  const found = async (search: string, more = '') =>
    (await pages(`search=${encodeURIComponent(search)}${more}`)).flatMap((page) =>
      page.users.map(({ email }) => email),
    );

  it('when searched by the beginning in any case, then they come, page by page, and no others', async () => {
    for (const search of [prefix, prefix.toUpperCase()]) {
      expect((await found(search)).sort()).toEqual([...emails].sort());
      expect((await found(search, '&limit=1')).sort()).toEqual([...emails].sort());
    }
  });

  it('when searched by a whole address, then it alone comes', async () => {
    expect(await found(`${prefix}.b@X.ORG`)).toEqual([emails[1]]);
  });

  it('when searched with what would be a pattern elsewhere, then it is text', async () => {
    expect(await found(`${prefix}%`)).toEqual([emails[3]]);
    expect(await found(`${prefix}_`)).toEqual([]);
    expect(await found('.*')).toEqual([]);
  });

  it('when searched by id, then that user comes', async () => {
    expect(await found(users[0]?.id ?? '')).toEqual([emails[0]]);
    expect(await found((users[0]?.id ?? '').slice(0, 23))).toEqual([]);
  });

  it('when a state is asked for too, then others are left out', async () => {
    await client.command(users[2]?.id ?? '', 'disable');
    expect(await found(prefix, '&state=disabled')).toEqual([emails[2]]);
    expect(await found(users[2]?.id ?? '', '&state=pending')).toEqual([]);
  });
});

describe('given a command', () => {
  it('when it has been answered, then the user and the history show it at once', async () => {
    const { id } = await client.register();
    for (let version = 2; version <= 21; version += 1) {
      const command = version % 2 === 0 ? 'disable' : 'enable';
      await client.command(id, command);
      const state = version % 2 === 0 ? 'disabled' : 'confirmed';
      expect((await client.get(id)).body).toMatchObject({ id, version, state });
    }
    const all = await client.admin<EventPage>('GET', `/v1/users/${id}/events`);
    expect(all.body).toMatchObject({ next: null });
    expect(all.body.events).toHaveLength(21);
  });
});

describe('given a history longer than a page', () => {
  it.each([1, 4, 5, 9, 10])('when it is read by %s, then each event comes once, in order', async (limit) => {
    const { id } = await client.register();
    for (let n = 0; n < 8; n += 1) await client.command(id, 'revoke-sessions');
    const versions: number[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const path: string = `/v1/users/${id}/events?limit=${limit}&after=${after}`;
      const { body } = await client.admin<EventPage>('GET', path);
      expect(body.events.length).toBeLessThanOrEqual(limit);
      versions.push(...body.events.map(({ version }) => version));
      after = body.next;
    }
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('given a deleted user', () => {
  it('when asked for, then there is a history without an address, and what was private is gone', async () => {
    const user = await client.register();
    await client.signIn(user);
    await client.delete(user.id, { json: { reason: 'asked for it' } });
    expect((await client.get(user.id)).body).toMatchObject({
      id: user.id,
      state: 'deleted',
      email: null,
      reason: 'asked for it',
    });
    expect(await client.admin('GET', `/v1/users/${user.id}/events`)).toMatchObject({ status: 200 });
    await eventually(async () => {
      const kept = await Promise.all(
        ['accounts', 'sessions', 'registrations'].map((name) => documentsOf(name, user.id)),
      );
      return kept.flat().length === 0;
    });
    expect(await client.admin('GET', `/v1/users?search=${user.email}`)).toMatchObject({ body: { users: [] } });
    expect((await client.admin<Page>('GET', `/v1/users?search=${user.id}`)).body.users).toEqual([]);
  });

  async function documentsOf(collection: string, text: string): Promise<string[]> {
    const tables = await program.database.read((connection) =>
      connection.rows(`SELECT name FROM sqlite_schema WHERE type = 'table'`).map(([name]) => name),
    );
    if (!tables.includes(collection)) return [];
    return (await storedDocuments(program.database, collection)).filter((document) => document.includes(text));
  }
});

describe('given everything that has happened', () => {
  it('then no event, no user document and no kept answer holds an address or a password', async () => {
    const secret = `secret-${randomUUID()}`;
    const user = await client.register({ email: `${secret}@example.org`, password: secret });
    await client.signIn(user);
    for (const command of ['disable', 'enable', 'revoke-sessions'] as const) await client.command(user.id, command);
    await client.delete(user.id);
    await eventually(async () => (await idsOf('state=deleted')).includes(user.id));
    for (const collection of [
      'events',
      'users',
      'command_results',
      'projections',
      'sign_in_failures',
      'registrations',
    ]) {
      const documents = await storedDocuments(program.database, collection);
      for (const document of documents) expect(document).not.toMatch(/@|secret-|password|email/);
    }
    expect(await storedDocuments(program.database, 'events')).not.toHaveLength(0);
  });
});

describe('given the sessions of a user', () => {
  it('when they are listed, then the newest comes first, and dead ones do not come', async () => {
    const user = await client.register();
    const sids: string[] = [];
    for (let n = 0; n < 3; n += 1) sids.unshift((await client.signIn(user)).sid);
    const list = async () => {
      const path = `/v1/users/${user.id}/sessions`;
      const { body } = await client.admin<{ sessions: { sid: string }[] }>('GET', path);
      return body.sessions.map(({ sid }) => sid);
    };
    expect(await list()).toEqual(sids);
    await client.admin('DELETE', `/v1/users/${user.id}/sessions/${sids[1]}`);
    expect(await list()).toEqual([sids[0], sids[2]]);
    await client.command(user.id, 'revoke-sessions');
    expect(await list()).toEqual([]);
    await client.signIn(user);
    expect(await list()).toHaveLength(1);
    await client.admin('POST', '/v1/apps/main/revoke-sessions');
    expect(await list()).toEqual([]);
  });

  it('when there is no such user, then they are not found', async () => {
    expectProblem(await client.admin('GET', '/v1/users/nosuch/sessions'), 404, 'UserNotFound');
  });
});
