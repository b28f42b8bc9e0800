import { type Db, MongoClient } from 'mongodb';
import type { RecordedEvent } from '#libs/domain';
import { readEvent, type StoredEvent } from '#libs/event-store';
import { foldUserDocument, isUserEvent, type UserDocument } from '#libs/users';

/** What the document store holds, read past every app. */
export class RawStore {
  readonly #client: MongoClient;
  readonly #db: Db;

  constructor(uri: string) {
    this.#client = new MongoClient(uri, { serverSelectionTimeoutMS: 2_000 });
    this.#db = this.#client.db();
  }

  /** Events that the relay has not carried to the log. */
  async unsent(): Promise<number> {
    return this.#db.collection('events').countDocuments({ unsent: { $gte: 0 } });
  }

  /** All streams, each by its key on the log and in order of version. */
  async streams(): Promise<ReadonlyMap<string, readonly RecordedEvent[]>> {
    const stored = await this.#db
      .collection<StoredEvent>('events')
      .find({}, { sort: { _id: 1 } })
      .toArray();
    const streams = new Map<string, RecordedEvent[]>();
    for (const { key, event } of stored) {
      const stream = streams.get(key);
      if (stream) stream.push(readEvent(event));
      else streams.set(key, [readEvent(event)]);
    }
    return streams;
  }

  /** The user documents, by their id. */
  async users(): Promise<ReadonlyMap<string, UserDocument>> {
    const documents = await this.#db.collection<UserDocument>('users').find({}).toArray();
    return new Map(documents.map((document) => [document._id, document]));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** What the user documents must be. */
export function foldedUsers(streams: ReadonlyMap<string, readonly RecordedEvent[]>): ReadonlyMap<string, UserDocument> {
  const documents = new Map<string, UserDocument>();
  for (const stream of streams.values()) {
    let document: UserDocument | null = null;
    for (const event of stream) if (isUserEvent(event)) document = foldUserDocument(document, event);
    if (document) documents.set(document._id, document);
  }
  return documents;
}
