import { join } from 'node:path';
import { objectIds } from '#libs/accounts';
import type { Documents } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import type { CommandContext, UserFact } from '#libs/domain';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, eventsCollection, type StoredEvent } from '#libs/event-store';
import { BareInserts } from './bare-inserts.js';

const sent: CommandContext = {
  commandId: '00000000-0000-4000-8000-000000000000',
  correlationId: '00000000-0000-4000-8000-000000000000',
  actor: { kind: 'admin', id: 'environment' },
  reason: null,
};

/** The streams to write: of `count` users, each registered and then revoked until the stream has that length. */
export interface Wanted {
  readonly length: number;
  readonly count: number;
}

/**
 * Writes streams into a new data folder, of users of the app `main` who have no accounts, and gives their ids in the
 * order of what was wanted; with one of the stored events, to compare with.
 */
export async function writeStreams(
  folder: string,
  wanted: readonly Wanted[],
): Promise<{ readonly userIds: readonly string[][]; readonly example: StoredEvent }> {
  const database = openSqlite({ folder: join(folder, 'data') });
  const documents = new SqliteDocuments(database);
  const streams = await growStreams(documents, wanted, { relayed: false });
  database.close();
  return streams;
}

/** The same, into a store. `relayed` as the program there has it. */
export async function growStreams(
  documents: Documents,
  wanted: readonly Wanted[],
  { relayed }: { readonly relayed: boolean },
): Promise<{ readonly userIds: readonly string[][]; readonly example: StoredEvent }> {
  const store = await EventStore.open(documents, { now: Date.now, relayed });
  const newId = objectIds(Date.now);
  const userIds = wanted.map(({ count }) => Array.from({ length: count }, newId));
  // All streams grow at the same time, so that they share the syncs of the disk.
  await Promise.all(
    wanted.flatMap(({ length }, index) => userIds[index]?.map((userId) => grow(store, userId, length)) ?? []),
  );
  const [example] = await (await documents.collection(eventsCollection)).find({}, { sort: { _id: -1 }, limit: 1 });
  if (example === undefined) throw new Error('there are no streams');
  return { userIds, example };
}

async function grow(store: EventStore, userId: string, length: number): Promise<void> {
  const user = { app: 'main', userId };
  let state = await store.loadUser(user);
  while (state.version < length) {
    const fact: UserFact =
      state.version === 0
        ? { type: 'portcullis.user.registered.v1', data: { confirmed: true } }
        : { type: 'portcullis.user.sessions-revoked.v1', data: {} };
    state = (await store.appendToUser(user, state, fact, sent)).state;
  }
}

/** Bare inserts into a file of their own, with the indexes of the program's. */
export async function openBareInserts(
  folder: string,
  example: StoredEvent,
): Promise<{ readonly inserts: BareInserts; close(): void }> {
  const database = openSqlite({ folder: join(folder, 'bare') });
  const documents = await new SqliteDocuments(database).collection(eventsCollection);
  await new SqliteEventLog(database, eventsCollection.name).ends(); // Makes its index.
  return { inserts: new BareInserts(documents, example), close: () => database.close() };
}
