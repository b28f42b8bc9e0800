/** What is stored: JSON, with a string `_id` that is unique in its collection. */
export interface Document {
  readonly _id: string;
}

/** One indexable value. Comparison is by code point for strings and by size for numbers, which are within ±(2^53 - 1). */
export type Scalar = string | number | boolean | null;

export interface Condition<V> {
  readonly $gt?: V;
  readonly $gte?: V;
  readonly $lt?: V;
  readonly $lte?: V;
  readonly $ne?: V | null;
  readonly $in?: readonly V[];
  readonly $exists?: boolean;
}

/** Top-level fields only; all of them must match. `null` matches a missing field too, as in MongoDB. */
export type Filter<T extends Document> = { readonly [K in keyof T]?: T[K] | Condition<T[K]> | null };

/** The update operators that we use, with MongoDB's meaning. Top-level fields only. */
export interface Update<T extends Document> {
  readonly $set?: Partial<Omit<T, '_id'>>;
  readonly $unset?: { readonly [K in keyof Omit<T, '_id'>]?: true };
  readonly $setOnInsert?: Partial<Omit<T, '_id'>>;
  readonly $max?: { readonly [K in keyof T]?: number };
  readonly $inc?: { readonly [K in keyof T]?: number };
}

export type Sort<T extends Document> = { readonly [K in keyof T]?: 1 | -1 };

/**
 * The subset of the MongoDB driver's `Collection` that Portcullis uses, narrowed in types and with typed errors. Every
 * write is on the disk (MongoDB: majority, journaled) when its promise resolves, and each call is atomic for one
 * document. Every method rejects with {@link StoreUnavailable} when the store cannot be asked.
 */
export interface Collection<T extends Document> {
  /** Rejects with {@link DuplicateKey} when `_id` or a unique index holds the same key already. */
  insertOne(document: T): Promise<void>;
  findOne(filter: Filter<T>, options?: { readonly sort?: Sort<T> }): Promise<T | null>;
  /** At most `limit` documents: nothing reads a collection whole by accident. */
  find(filter: Filter<T>, options: { readonly sort?: Sort<T>; readonly limit: number }): Promise<T[]>;
  /**
   * Updates one match. With `upsert` and no match, inserts a document made of the filter's equal fields, `$setOnInsert`
   * and the other operators; when that insert loses a race on `_id` it rejects with {@link DuplicateKey}.
   */
  updateOne(filter: Filter<T>, update: Update<T>, options?: { readonly upsert?: boolean }): Promise<UpdateResult>;
  /** Updates one match and gives it as it is afterwards; null when nothing matched. */
  findOneAndUpdate(filter: Filter<T>, update: Update<T>): Promise<T | null>;
  updateMany(filter: Filter<T>, update: Update<T>): Promise<number>;
  deleteOne(filter: Filter<T>): Promise<boolean>;
  /** Deletes every match and says how many there were. */
  deleteMany(filter: Filter<T>): Promise<number>;
  countDocuments(filter: Filter<T>): Promise<number>;
}

export interface UpdateResult {
  readonly matched: boolean;
  readonly upserted: boolean;
}

/** A collection's name and indexes, declared beside the code that uses it and made at its first use. */
export interface CollectionSpec<T extends Document> {
  readonly name: string;
  readonly indexes: readonly {
    readonly keys: Sort<T>;
    readonly unique?: boolean;
    /** Documents without the first field are left out of the index. */
    readonly sparse?: boolean;
  }[];
}

/** A place that holds collections. */
export interface Documents {
  /** Opens a collection and makes its indexes if they are missing. */
  collection<T extends Document>(spec: CollectionSpec<T>): Promise<Collection<T>>;
  /** Resolves when the store answers and can write; rejects with {@link StoreUnavailable} otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
