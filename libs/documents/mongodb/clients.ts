import type { Db, MongoClient } from 'mongodb';
import { createClient, demands, type MongoLimits } from './settings.js';

/**
 * The driver's client, and another one in its place when it does not find back to the server.
 *
 * When a connection has ended and is not closed yet, the driver (7.9, `Connection.writeCommand`) writes to it and then waits
 * for it to drain, for ever. When all connections end at once, that befalls the one on which it watches the server, so
 * that it never sees it come back.
 */
export class Clients {
  #client: MongoClient;
  #db: Db;
  #connected = false;
  #answeredAt = performance.now();
  #closed = false;

  constructor(private readonly limits: MongoLimits) {
    this.#client = createClient(limits);
    this.#db = this.#client.db(limits.database, demands(limits));
  }

  /** How long an operation may take, ms. */
  get withinMs(): number {
    return this.limits.operationTimeoutMs;
  }

  get client(): MongoClient {
    return this.#client;
  }

  /**
   * The database, connected. The driver connects by itself, but when the first attempt fails its client stays closed for
   * good; asking it to connect makes a new beginning. Once connected it looks after its connections.
   */
  async db(): Promise<Db> {
    const client = this.#client;
    if (!this.#connected) {
      await client.connect();
      this.#connected = client === this.#client;
    }
    return this.#db;
  }

  /** The server has answered. */
  answered(): void {
    this.#answeredAt = performance.now();
  }

  /** An operation was not answered; after a while without any answer there is a new client. */
  unanswered(): void {
    if (this.#closed || performance.now() - this.#answeredAt < 2 * this.withinMs) return;
    const lost = this.#client;
    this.#client = createClient(this.limits);
    this.#db = this.#client.db(this.limits.database, demands(this.limits));
    this.#connected = false;
    this.#answeredAt = performance.now();
    lost.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close();
  }
}
