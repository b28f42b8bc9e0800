import type { MongoClient } from 'mongodb';

/** What was found at a start, in words for whoever runs the server. */
export interface MongoServerCheck {
  /** Portcullis must not run on this server. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  /** What the server is. */
  readonly server: string;
}

/** Looks at the server behind a client. What it hides from us is not held against it. */
export async function checkMongoServer(client: MongoClient): Promise<MongoServerCheck> {
  const [hello, build, status, config] = await Promise.all(
    ['hello', 'buildInfo', 'serverStatus', 'replSetGetConfig'].map((command) => ask(client, command)),
  );
  const refusals: string[] = [];
  const warnings: string[] = [...uriWarnings(client)];
  if (get(get(status, 'storageEngine'), 'persistent') === false) {
    refusals.push(
      'MongoDB keeps everything in memory (storage engine `inMemory`): an acknowledged write would be lost',
    );
  }
  const version = String(get(build, 'version') ?? 'of an unknown version');
  const ferret = get(build, 'ferretdbVersion') !== undefined;
  const setName = get(hello, 'setName');
  const router = get(hello, 'msg') === 'isdbgrid';
  if (!router && setName === undefined) {
    warnings.push('MongoDB is standalone: what was acknowledged survives a crash, but not the loss of its one disk');
  }
  const members = get(get(config, 'config'), 'members');
  if (Array.isArray(members)) warnings.push(...memberWarnings(members));
  const kind = router
    ? 'router of a sharded cluster'
    : setName === undefined
      ? 'standalone'
      : `replica set ${String(setName)}`;
  return { refusals, warnings, server: `${ferret ? 'FerretDB, as MongoDB' : 'MongoDB'} ${version}, ${kind}` };
}

function* uriWarnings(client: MongoClient): Generator<string> {
  const { writeConcern, readPreference } = client;
  const w = writeConcern?.w;
  if ((w !== undefined && w !== 'majority') || writeConcern?.journal === false) {
    yield 'MONGODB_URI asks for another write concern: it is ignored, every write waits for a journaled majority';
  }
  if (readPreference.mode !== 'primary') {
    yield `MONGODB_URI asks to read from ${readPreference.mode}: it is ignored, every read goes to the primary`;
  }
}

function* memberWarnings(members: readonly unknown[]): Generator<string> {
  const bearing = members.filter((member) => get(member, 'arbiterOnly') !== true);
  if (bearing.length < 2) {
    yield 'the replica set has one member with data: what was acknowledged does not survive the loss of its disk';
  } else if (bearing.length < members.length && bearing.length < 3) {
    yield 'the replica set has an arbiter and two members with data: when one of those is down, no write is acknowledged';
  }
}

async function ask(client: MongoClient, command: string): Promise<unknown> {
  try {
    return await client.db('admin').command({ [command]: 1 }, { readPreference: 'primary' });
  } catch {
    return null;
  }
}

function get(from: unknown, field: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return Object.entries(from).find(([name]) => name === field)?.[1];
}
