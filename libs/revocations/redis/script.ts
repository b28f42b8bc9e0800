import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script: sent once to each server, then called by its hash. */
export class Script {
  readonly #hash: string;

  constructor(private readonly lua: string) {
    this.#hash = createHash('sha1').update(lua).digest('hex');
  }

  /** Runs it; all of it happens in one instant. */
  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await redis.eval(this.lua, keys.length, ...keys, ...args);
    }
  }
}
