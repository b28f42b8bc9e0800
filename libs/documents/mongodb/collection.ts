import type { Collection as DriverCollection } from 'mongodb';
import type { Collection, Document, Filter, Sort, Update, UpdateResult } from '../collection.js';
import type { Asking } from './asking.js';
import { checkedDocument, checkedFilter, checkedUpdate, type Fields, stored } from './checked.js';

/** One collection of MongoDB; see {@link Collection} for what it promises. */
export class MongoCollection<T extends Document> implements Collection<T> {
  constructor(
    private readonly name: string,
    private readonly asking: Asking,
  ) {}

  async insertOne(document: T): Promise<void> {
    const checked = checkedDocument(document, this.name);
    await this.#ask((driver) => driver.insertOne(checked));
  }

  async findOne(filter: Filter<T>, options: { readonly sort?: Sort<T> } = {}): Promise<T | null> {
    const [found] = await this.find(filter, { ...options, limit: 1 });
    return found ?? null;
  }

  async find(filter: Filter<T>, options: { readonly sort?: Sort<T>; readonly limit: number }): Promise<T[]> {
    const { sort, limit } = options;
    const checked = checkedFilter(filter);
    // To MongoDB a limit of 0 is none.
    if (limit < 1) return [];
    const found = await this.#ask((driver) =>
      driver
        .find(checked, {
          limit,
          batchSize: limit,
          maxTimeMS: this.asking.withinMs,
          ...(sort === undefined ? {} : { sort: new Map(Object.entries<1 | -1 | undefined>(sort).map(ascending)) }),
        })
        .toArray(),
    );
    return found.map((document) => stored<T>(document, this.name));
  }

  async updateOne(
    filter: Filter<T>,
    update: Update<T>,
    options: { readonly upsert?: boolean } = {},
  ): Promise<UpdateResult> {
    const upsert = options.upsert === true;
    const checked = checkedFilter(filter);
    if (upsert) checkedDocument(checked, this.name);
    const changes = checkedUpdate(update);
    const { matchedCount, upsertedCount } = await this.#ask((driver) => driver.updateOne(checked, changes, { upsert }));
    return { matched: matchedCount > 0, upserted: upsertedCount > 0 };
  }

  async findOneAndUpdate(filter: Filter<T>, update: Update<T>): Promise<T | null> {
    const checked = checkedFilter(filter);
    const changes = checkedUpdate(update);
    const found = await this.#ask((driver) =>
      driver.findOneAndUpdate(checked, changes, { returnDocument: 'after', upsert: false }),
    );
    return found === null ? null : stored<T>(found, this.name);
  }

  async updateMany(filter: Filter<T>, update: Update<T>): Promise<number> {
    const checked = checkedFilter(filter);
    const changes = checkedUpdate(update);
    return (await this.#ask((driver) => driver.updateMany(checked, changes))).matchedCount;
  }

  async deleteOne(filter: Filter<T>): Promise<boolean> {
    const checked = checkedFilter(filter);
    return (await this.#ask((driver) => driver.deleteOne(checked))).deletedCount > 0;
  }

  async deleteMany(filter: Filter<T>): Promise<number> {
    const checked = checkedFilter(filter);
    return (await this.#ask((driver) => driver.deleteMany(checked))).deletedCount;
  }

  async countDocuments(filter: Filter<T>): Promise<number> {
    const checked = checkedFilter(filter);
    return await this.#ask((driver) => driver.countDocuments(checked, { maxTimeMS: this.asking.withinMs }));
  }

  #ask<R>(operation: (driver: DriverCollection<Fields>) => Promise<R>): Promise<R> {
    return this.asking.ask(this.name, (db) => operation(db.collection<Fields>(this.name)));
  }
}

function ascending([field, direction]: [string, 1 | -1 | undefined]): [string, 1 | -1] {
  return [field, direction ?? 1];
}
