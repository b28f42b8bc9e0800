import { randomUUID } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';

/** Where to ask for the server that is the master just now. */
export interface RedisSentinelSettings {
  /** The name under which the Sentinels know the master. */
  readonly name: string;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
}

export interface RedisRevocationsSettings {
  /**
   * `redis://` or `rediss://`, with user, password and database where there are some. With Sentinel the host and port in
   * it count for nothing.
   */
  readonly url: string;
  readonly sentinel?: RedisSentinelSettings;
  /** Certificates and the like, for `rediss://`. */
  readonly tls?: ConnectionOptions;
  /** The longest life of an access token in use lately, plus skew, in ms: for how long a fact is kept; asked each time. */
  readonly lifeMs: () => number;
  /** Before every key. */
  readonly keyPrefix?: string;
  /** How long a new connection may take until it answers, ms. */
  readonly connectTimeoutMs?: number;
  /** How long an answer may take, ms; then the connection is given up and another one is made. */
  readonly commandTimeoutMs?: number;
  /** Told once when the server cannot be reached any more, and why. */
  readonly onTrouble?: (error: Error) => void;
  /** Told when the server can be asked, at first and again. */
  readonly onConnected?: () => void;
  /** Makes ids that are never the same twice. */
  readonly newId?: () => string;
}

export type RedisLimits = Required<Omit<RedisRevocationsSettings, 'sentinel' | 'tls'>> &
  Pick<RedisRevocationsSettings, 'sentinel' | 'tls'>;

export function withDefaults(settings: RedisRevocationsSettings): RedisLimits {
  return {
    keyPrefix: 'portcullis:',
    connectTimeoutMs: 2_000,
    commandTimeoutMs: 500,
    onTrouble: () => undefined,
    onConnected: () => undefined,
    newId: randomUUID,
    ...settings,
  };
}
