import type { Db } from 'mongodb';
import { DuplicateKey, StoreUnavailable } from '../errors.js';
import type { Clients } from './clients.js';
import { troubleOf } from './trouble.js';

/** Asks MongoDB, for so long and no longer, and gives every failure our type. */
export class Asking {
  constructor(private readonly clients: Clients) {}

  get withinMs(): number {
    return this.clients.withinMs;
  }

  /**
   * Gives what the operation gives. Rejects with {@link DuplicateKey}, or with {@link StoreUnavailable}: then a write may have
   * been done, or may still be done, and nobody knows.
   */
  async ask<T>(collection: string, operation: (db: Db) => Promise<T>, withinMs = this.withinMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreUnavailable(`MongoDB did not answer within ${withinMs} ms`)), withinMs);
    });
    try {
      const answer = await Promise.race([this.clients.db().then(operation), tooLate]);
      this.clients.answered();
      return answer;
    } catch (thrown) {
      const error = ourError(thrown, collection);
      if (error instanceof StoreUnavailable) this.clients.unanswered();
      else this.clients.answered();
      throw error;
    } finally {
      clearTimeout(timer);
    }
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
