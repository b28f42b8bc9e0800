import type { Collection, CollectionSpec, Document, Documents } from '../collection.js';
import { DuplicateKey } from '../errors.js';
import { Asking } from './asking.js';
import { checkMongoServer, type MongoServerCheck } from './check-server.js';
import type { Fields } from './checked.js';
import { Clients } from './clients.js';
import { MongoCollection } from './collection.js';
import { makeIndexes } from './indexes.js';
import { type MongoSettings, withDefaults } from './settings.js';

const healthCollection = 'portcullis_health';
/** Building an index takes longer the more documents there are. */
const indexesWithinMs = 300_000;

/**
 * Documents in MongoDB, or in a server that speaks its protocol. Nothing is asked of the server but single-document
 * writes and plain indexes. It connects when it is first used, and again by itself after a server was away.
 */
export class MongoDocuments implements Documents {
  readonly #clients: Clients;
  readonly #asking: Asking;
  readonly #indexed = new Map<string, Promise<void>>();

  constructor(settings: MongoSettings) {
    this.#clients = new Clients(withDefaults(settings));
    this.#asking = new Asking(this.#clients);
  }

  async collection<T extends Document>(spec: CollectionSpec<T>): Promise<Collection<T>> {
    await this.#makeIndexesOnce(spec.name, () =>
      this.#asking.ask(spec.name, (db) => makeIndexes(db.collection<Fields>(spec.name), spec), indexesWithinMs),
    );
    return new MongoCollection<T>(spec.name, this.#asking);
  }

  /** Writes, because a server without a majority, or with a full disk, can still be read. */
  async ping(): Promise<void> {
    try {
      await this.#asking.ask(healthCollection, (db) =>
        db
          .collection<{ _id: string; count: number }>(healthCollection)
          .updateOne({ _id: 'ping' }, { $inc: { count: 1 } }, { upsert: true }),
      );
    } catch (error) {
      // Another process made the document in the same moment: so the server writes.
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }

  /** Looks at the server, for a start. Rejects with StoreUnavailable when it cannot be asked. */
  async checkServer(): Promise<MongoServerCheck> {
    await this.ping();
    return await this.#asking.ask(healthCollection, () => checkMongoServer(this.#clients.client));
  }

  async close(): Promise<void> {
    await this.#clients.close();
  }

  #makeIndexesOnce(name: string, make: () => Promise<void>): Promise<void> {
    const known = this.#indexed.get(name);
    if (known !== undefined) return known;
    const making = make();
    this.#indexed.set(name, making);
    making.catch(() => this.#indexed.delete(name));
    return making;
  }
}
