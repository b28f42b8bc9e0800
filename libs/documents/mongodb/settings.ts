import { type DbOptions, MongoClient, ReadConcern, ReadPreference } from 'mongodb';

/** How MongoDB is reached. */
export interface MongoSettings {
  /** Any MongoDB URI; TLS, user and password, replica set and compression are said in it. */
  readonly uri: string;
  /** The database; the one in the URI when it is left out, and `portcullis` when there is none either. */
  readonly database?: string;
  /** How long to look for a server that can take the operation, ms. */
  readonly serverSelectionTimeoutMs?: number;
  /** How long a new connection may take, ms. */
  readonly connectTimeoutMs?: number;
  /** How long an operation may take in all, ms; then it rejects, and whether it was done is not known. */
  readonly operationTimeoutMs?: number;
  /** The most connections to each server. */
  readonly maxPoolSize?: number;
}

/** The settings with everything filled in. */
export type MongoLimits = Required<MongoSettings>;

export function withDefaults(settings: MongoSettings): MongoLimits {
  return {
    uri: settings.uri,
    database: settings.database ?? databaseIn(settings.uri) ?? 'portcullis',
    serverSelectionTimeoutMs: settings.serverSelectionTimeoutMs ?? 2_000,
    connectTimeoutMs: settings.connectTimeoutMs ?? 2_000,
    operationTimeoutMs: settings.operationTimeoutMs ?? 5_000,
    maxPoolSize: settings.maxPoolSize ?? 50,
  };
}

export function createClient(limits: MongoLimits): MongoClient {
  return new MongoClient(limits.uri, {
    appName: 'portcullis',
    ignoreUndefined: true,
    serverSelectionTimeoutMS: limits.serverSelectionTimeoutMs,
    connectTimeoutMS: limits.connectTimeoutMs,
    // The driver's own `timeoutMS` has no effect since 7.9 (see its deprecation).
    socketTimeoutMS: limits.operationTimeoutMs,
    waitQueueTimeoutMS: limits.operationTimeoutMs,
    maxPoolSize: limits.maxPoolSize,
  });
}

/**
 * What every operation asks of the server, whatever the URI says. A write is on the disks of a majority when it is
 * acknowledged. A majority read from the primary sees each of those writes and none that a fail-over could take
 * back; a decision made on a primary that has been deposed unknowingly fails at its own write.
 */
export function demands(limits: MongoLimits): DbOptions {
  return {
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: limits.operationTimeoutMs },
    readConcern: new ReadConcern('majority'),
    readPreference: ReadPreference.primary,
  };
}

function databaseIn(uri: string): string | undefined {
  const name = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(uri)?.[1];
  return name === undefined ? undefined : decodeURIComponent(name);
}
