import type { MongoClient } from 'mongodb';
import { DuplicateKey, StoreUnavailable } from '../errors.js';
import { troubleOf } from './trouble.js';

/** Asks MongoDB, for so long and no longer, and gives every failure our type. */
export class Asking {
  #connected = false;

  constructor(
    private readonly client: MongoClient,
    readonly withinMs: number,
  ) {}

  /**
   * Gives what the operation gives. Rejects with {@link DuplicateKey}, or with {@link StoreUnavailable}: then a write may have
   * been done, or may still be done, and nobody knows.
   */
  async ask<T>(collection: string, operation: () => Promise<T>, withinMs = this.withinMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreUnavailable(`MongoDB did not answer within ${withinMs} ms`)), withinMs);
    });
    try {
      return await Promise.race([this.#connectedFirst(operation), tooLate]);
    } catch (error) {
      throw ourError(error, collection);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The driver connects by itself, but when the first attempt fails its client stays closed for good; asking it to connect
   * makes a new beginning. Once connected it looks after its connections.
   */
  async #connectedFirst<T>(operation: () => Promise<T>): Promise<T> {
    if (!this.#connected) {
      await this.client.connect();
      this.#connected = true;
    }
    return await operation();
  }
}

function ourError(error: unknown, collection: string): unknown {
  switch (troubleOf(error)) {
    case 'duplicate':
      return new DuplicateKey(collection, { cause: error });
    case 'unavailable':
      return new StoreUnavailable(`MongoDB cannot be asked: ${error instanceof Error ? error.message : 'unknown'}`, {
        cause: error,
      });
    default:
      return error;
  }
}
