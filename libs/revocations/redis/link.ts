import { Redis, type RedisOptions } from 'ioredis';
import type { RedisLimits } from './settings.js';

/**
 * One connection to Redis, from its beginning to its end; it is never mended, another one is made. So the run of the
 * server that was seen at its beginning is the run that gives every answer on it, and nothing that was asked on it is ever
 * asked twice or answered by another server.
 */
export class Link {
  #ended = false;

  private constructor(
    readonly redis: Redis,
    /** Changes when the server starts anew, and when another server takes over. */
    readonly runId: string,
    private readonly onEnd: (link: Link) => void,
  ) {
    redis.once('close', () => this.end());
  }

  /** Rejects with the driver's error. `commandTimeoutMs` is for a connection whose answers may take longer. */
  static async open(
    limits: RedisLimits,
    onEnd: (link: Link) => void,
    commandTimeoutMs = limits.commandTimeoutMs,
  ): Promise<Link> {
    const redis = new Redis(limits.url, optionsFor(limits, commandTimeoutMs));
    let last: unknown;
    // Without a listener the driver prints every error.
    redis.on('error', (error) => {
      last = error;
    });
    try {
      await redis.connect();
      const runId = runIdIn(await redis.info());
      if (redis.status !== 'ready') throw new Error('the connection was lost');
      return new Link(redis, runId, onEnd);
    } catch (error) {
      redis.disconnect();
      throw last ?? error;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Ends it at once; what is being asked is rejected. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.redis.disconnect();
    this.onEnd(this);
  }
}

function optionsFor(limits: RedisLimits, commandTimeoutMs: number): Omit<RedisOptions, 'replyMapping'> {
  const { sentinel, tls } = limits;
  return {
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // The reply to INFO says the same, and is read anyway.
    enableReadyCheck: false,
    protocol: 2,
    disconnectTimeout: limits.commandTimeoutMs,
    disableClientInfo: true,
    connectionName: 'portcullis',
    connectTimeout: limits.connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    ...(tls === undefined ? {} : { tls }),
    ...(sentinel === undefined ? {} : sentinelOptions(limits, sentinel)),
  };
}

function sentinelOptions(limits: RedisLimits, sentinel: NonNullable<RedisLimits['sentinel']>): RedisOptions {
  return {
    sentinels: sentinel.nodes.map(({ host, port }) => ({ host, port })),
    name: sentinel.name,
    role: 'master',
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: limits.commandTimeoutMs,
    // Ends the connection to a master that has been deposed, and that would go on answering from what it had.
    failoverDetector: true,
    ...(sentinel.username === undefined ? {} : { sentinelUsername: sentinel.username }),
    ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
    ...(sentinel.tls === undefined ? {} : { sentinelTLS: sentinel.tls, enableTLSForSentinelMode: true }),
  };
}

/** @throws {Error} when the server is not ready to be asked. */
function runIdIn(info: string): string {
  const runId = /^run_id:(\S+)/m.exec(info)?.[1];
  if (runId === undefined) throw new Error('the server does not tell its run_id (INFO server)');
  if (/^loading:1/m.test(info)) throw new Error('the server is loading its data');
  return runId;
}
