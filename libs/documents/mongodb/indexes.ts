import { type Collection as DriverCollection, type IndexDescription, MongoNetworkError } from 'mongodb';
import type { CollectionSpec, Document } from '../collection.js';
import { StoreUnusable } from '../errors.js';
import type { Fields } from './checked.js';
import { isIndexConflict } from './trouble.js';

const attempts = 5;

/**
 * Makes the indexes of a collection. For those that exist nothing is done, and one that another process is building is
 * waited for.
 *
 * @throws {StoreUnusable} `damaged` when something is in the way of one of ours.
 */
export async function makeIndexes<T extends Document>(
  driver: DriverCollection<Fields>,
  spec: CollectionSpec<T>,
): Promise<void> {
  // One at a time: FerretDB 1.24 drops the connection when it is told two that it has.
  for (const index of spec.indexes) await make(driver, described(index));
}

async function make(driver: DriverCollection<Fields>, index: IndexDescription): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await driver.createIndexes([index]);
      return;
    } catch (error) {
      if (isIndexConflict(error)) throw conflicting(driver.collectionName, error);
      // A build that takes longer than an answer may is joined by asking again.
      if (!(error instanceof MongoNetworkError) || attempt === attempts) throw error;
    }
  }
}

/** Named by ourselves, as the driver does it, so that every version of it gives one index one name. */
function described<T extends Document>(
  index: CollectionSpec<T>['indexes'][number],
): IndexDescription & { name: string } {
  const keys = Object.entries<1 | -1 | undefined>(index.keys).map(([field, direction]): [string, 1 | -1] => [
    field,
    direction ?? 1,
  ]);
  return {
    name: keys.map((key) => key.join('_')).join('_'),
    key: new Map(keys),
    ...(index.unique === true ? { unique: true } : {}),
    ...(index.sparse === true ? { sparse: true } : {}),
  };
}

function conflicting(collection: string, cause: unknown): StoreUnusable {
  const why = cause instanceof Error ? cause.message : 'unknown';
  return new StoreUnusable(
    'damaged',
    `the indexes of ${collection} in MongoDB cannot be made (${why}): drop the index that is in the way, or the documents that share a key, and start again`,
    { cause },
  );
}
