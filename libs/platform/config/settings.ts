import { clusterSettings } from './cluster-settings.js';
import { programSettings } from './program-settings.js';

/** Every setting of every program: one environment variable each. The README's table is checked against this. */
export const settings = { ...programSettings, ...clusterSettings };

/** Settings whose value is never shown. */
export const secretSettings: ReadonlySet<string> = new Set<keyof typeof settings>([
  'ADMIN_API_KEY',
  'KAFKA_PASSWORD',
  'MONGODB_URI',
  'REDIS_URL',
  'REDIS_SENTINEL_PASSWORD',
]);
