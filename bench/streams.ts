import { join } from 'node:path';
import { objectIds } from '#libs/accounts';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import type { CommandContext, UserFact } from '#libs/domain';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, eventsCollection, type StoredEvent } from '#libs/event-store';

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
  const store = await EventStore.open(documents, { now: Date.now, relayed: false });
  const newId = objectIds(Date.now);
  const userIds = wanted.map(({ count }) => Array.from({ length: count }, newId));
  // All streams grow at the same time, so that they share the syncs of the disk.
  await Promise.all(
    wanted.flatMap(({ length }, index) => userIds[index]?.map((userId) => grow(store, userId, length)) ?? []),
  );
  const [example] = await (await documents.collection(eventsCollection)).find({}, { sort: { _id: -1 }, limit: 1 });
  database.close();
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

/** Inserts of one document after the other into the events' collection, as the program has it, and nothing else. */
export interface BareInserts {
  /** `writers` at once, `each` documents a writer; gives how many a second that were. */
  run(writers: number, each: number): Promise<number>;
  close(): void;
}

export async function openBareInserts(folder: string, example: StoredEvent): Promise<BareInserts> {
  const database = openSqlite({ folder: join(folder, 'bare') });
  const documents = await new SqliteDocuments(database).collection(eventsCollection);
  await new SqliteEventLog(database, eventsCollection.name).ends(); // Makes its index.
  let inserted = 0;
  return {
    async run(writers, each) {
      const began = performance.now();
      const write = async () => {
        for (let done = 0; done < each; done += 1) {
          inserted += 1;
          await documents.insertOne({ ...example, _id: `main/${String(inserted).padStart(24, '0')}:0000000001` });
        }
      };
      await Promise.all(Array.from({ length: writers }, write));
      return (writers * each * 1_000) / (performance.now() - began);
    },
    close: () => database.close(),
  };
}
