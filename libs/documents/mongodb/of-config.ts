import type { Config } from '#libs/platform';
import type { MongoSettings } from './settings.js';

/** How MongoDB is reached, by the settings. */
export function mongoSettings(config: Config): MongoSettings {
  return {
    uri: config.MONGODB_URI,
    maxPoolSize: config.MONGODB_POOL,
    serverSelectionTimeoutMs: config.MONGODB_TIMEOUT,
    connectTimeoutMs: config.MONGODB_TIMEOUT,
    operationTimeoutMs: config.MONGODB_TIMEOUT,
  };
}
