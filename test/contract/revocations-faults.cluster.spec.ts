import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Revocation, RevocationsUnavailable, type Subject } from '#libs/revocations';
import { RedisRevocations } from '#libs/revocations/redis';
import { eventually } from '../support/eventually.js';
import { OwnServers } from './own-servers.js';

const lifeMs = 600_000;
const user = (userId: string): Subject => ({ app: 'app', userId });

/**
 * Two writers, an edge and a projector on one set, all of them busy. A fact is in the log before it is raised, as in the
 * real thing; the edge asks for users whose facts have been enforced, and remembers every answer that lacks one.
 */
class Load {
  readonly #log: Revocation[] = [];
  readonly #enforced: (Revocation & { readonly watermark: number })[] = [];
  readonly #writers: readonly RedisRevocations[];
  readonly #projector: RedisRevocations;
  readonly #edge: RedisRevocations;
  readonly #running: Promise<void>[];
  readonly missed: unknown[] = [];
  #stopped = false;
  whole = 0;
  closed = 0;
  unavailable = 0;
  slowestMs = 0;

  private constructor(private readonly open: () => RedisRevocations) {
    this.#writers = [open(), open()];
    this.#projector = open();
    this.#edge = open();
    for (let index = 0; index < 3_000; index += 1) {
      this.#log.push({ subject: user(`old-${index}`), watermark: 1, at: 1 });
    }
    this.#running = [...this.#writers.map((set, turn) => this.#write(set, turn)), this.#project(), this.#ask()];
  }

  /** Resolves when the set is whole and being asked. */
  static async start(open: () => RedisRevocations): Promise<Load> {
    const load = new Load(open);
    await load.untilWhole();
    return load;
  }

  /** Waits until the edge has answered with a verdict that it began to look up after the call. */
  async untilWhole(): Promise<number> {
    const began = performance.now();
    const { whole } = this;
    await eventually(() => this.whole > whole + 1, 20_000);
    return Math.round(performance.now() - began);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    const set = this.open();
    await set.connected();
    const { generation, entries } = await set.lookUp(this.#enforced.map(({ subject }) => subject));
    expect(generation).not.toBeNull();
    for (const [index, { watermark }] of this.#enforced.entries()) {
      expect(entries[index]?.watermark).toBeGreaterThanOrEqual(watermark);
    }
    expect(this.#enforced.length).toBeGreaterThan(10);
    for (const one of [...this.#writers, this.#projector, this.#edge, set]) await one.close();
    expect(this.missed).toEqual([]);
  }

  async #write(set: RedisRevocations, turn: number): Promise<void> {
    for (let count = 0; !this.#stopped; count += 1) {
      const fact = { subject: user(`${turn}-${count % 50}`), watermark: count + 1, at: count + 1 };
      this.#log.push(fact);
      if (await answers(set.raise([fact]))) this.#enforced.push(fact);
      await pause(2);
    }
  }

  async #project(): Promise<void> {
    const set = this.#projector;
    let generation: string | null = null;
    let next = 0;
    while (!this.#stopped) {
      await answers(
        (async () => {
          const now = (await set.status()).generation;
          if (now === null) {
            next = this.#log.length;
            await set.raise(this.#log.slice(0, next));
            generation = await set.declareWhole(new Map([[0, next]]));
            return;
          }
          generation ??= now;
          const facts = this.#log.slice(next);
          await set.raise(facts);
          next += facts.length;
          if (!(await set.advance(generation, new Map([[0, next]])))) generation = null;
        })(),
      );
      await pause(20);
    }
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      const asked = this.#enforced.slice(-20);
      const began = performance.now();
      try {
        const { generation, entries } = await this.#edge.lookUp(asked.map(({ subject }) => subject));
        if (generation === null) this.closed += 1;
        else this.whole += 1;
        if (generation !== null) {
          for (const [index, fact] of asked.entries()) {
            if ((entries[index]?.watermark ?? 0) < fact.watermark) this.missed.push({ generation, fact });
          }
        }
      } catch (error) {
        if (!(error instanceof RevocationsUnavailable)) throw error;
        this.unavailable += 1;
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
      await pause(1);
    }
  }
}

/** Whether it was done; fails when the error is not of our type. */
async function answers(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if (error instanceof RevocationsUnavailable) return false;
    throw error;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('given Redis under load', () => {
  let servers: OwnServers;
  let load: Load;
  let behind: Redis;
  const open = () => new RedisRevocations({ url: servers.redisUrl, lifeMs: () => lifeMs, commandTimeoutMs: 500 });

  beforeAll(async () => {
    servers = await OwnServers.make();
    await servers.start('redis');
  }, 60_000);
  beforeEach(async () => {
    behind = new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
    behind.on('error', () => undefined);
    await behind.flushall();
    load = await Load.start(open);
  }, 60_000);
  afterEach(async () => {
    behind.disconnect();
    await servers.start('redis');
    await load.stop();
  }, 60_000);
  afterAll(() => servers.wipe('redis'));

  it('when it is emptied, also while it is being filled, then no answer lacks a fact and it becomes whole again', async () => {
    for (let round = 0; round < 15; round += 1) {
      await behind.flushall();
      await pause(Math.random() * 80);
      await behind.flushall();
      await load.untilWhole();
    }
    expect(load.closed).toBeGreaterThan(0);
  }, 60_000);

  it('when it is killed and started, then no answer lacks a fact and it becomes whole again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await servers.kill('redis');
      await eventually(() => load.unavailable > round);
      await servers.start('redis');
      await load.untilWhole();
    }
  }, 60_000);

  it('when it starts on an older dump, then nothing is answered from that', async () => {
    await servers.stop('redis');
    const putBack = servers.backUp('redis');
    await servers.start('redis');
    await load.untilWhole();
    await pause(500);
    await servers.stop('redis');
    putBack();
    await servers.start('redis');
    await load.untilWhole();
  }, 60_000);

  it('when it freezes, then it is unavailable in time, and asked again when it thaws', async () => {
    load.slowestMs = 0;
    const { unavailable } = load;
    servers.freeze('redis');
    await pause(3_000);
    servers.thaw('redis');
    await load.untilWhole();
    expect(load.unavailable).toBeGreaterThan(unavailable + 10);
    expect(load.slowestMs).toBeLessThan(1_500);
  }, 60_000);

  it('when its memory is full, then facts are refused, nothing is answered, and it becomes whole again with memory', async () => {
    await behind.config('SET', 'maxmemory', '1');
    const { closed } = load;
    const set = open();
    await set.connected();
    await expect(set.raise([{ subject: user('one-more'), watermark: 1, at: 1 }])).rejects.toBeInstanceOf(
      RevocationsUnavailable,
    );
    await expect(set.lookUp([user('one-more')])).resolves.toMatchObject({ generation: null });
    await expect(set.declareWhole(new Map())).rejects.toBeInstanceOf(RevocationsUnavailable);
    await eventually(() => load.closed > closed + 10);
    await behind.config('SET', 'maxmemory', '0');
    await load.untilWhole();
    await set.close();
  }, 60_000);

  it('when a reader of the feed is cut off by each of these, then it misses no fact or is told to begin again', async () => {
    const set = open();
    await set.connected();
    const abort = new AbortController();
    const copy = new Map<string | null, number>();
    let generation: string | null = null;
    let position: string | null = null;
    const followed = (async () => {
      while (!abort.signal.aborted) {
        try {
          for await (const batch of set.feed(position, abort.signal)) {
            if (batch.generation === null || batch.generation !== generation) {
              const begins = generation !== null || batch.generation === null;
              generation = batch.generation;
              position = null;
              copy.clear();
              if (begins) break;
            }
            for (const { revocation, position: at } of batch.items) {
              position = at;
              if ('sid' in revocation) continue;
              const { userId } = revocation.subject;
              copy.set(userId, Math.max(copy.get(userId) ?? 0, revocation.watermark));
            }
          }
        } catch (error) {
          if (!(error instanceof RevocationsUnavailable)) throw error;
          await pause(50);
        }
      }
    })();
    const complete = async () => {
      const fact = { subject: user(`marker-${Math.random()}`), watermark: 1, at: 1 };
      await eventually(() => answers(set.raise([fact])), 20_000);
      await eventually(() => generation !== null && copy.has(fact.subject.userId) && copy.has('old-0'), 20_000);
    };
    await complete();
    await behind.flushall();
    await complete();
    await servers.kill('redis');
    await servers.start('redis');
    await complete();
    servers.freeze('redis');
    await pause(2_000);
    servers.thaw('redis');
    await complete();
    abort.abort();
    await followed;
    await set.close();
  }, 60_000);
});

describe('given Redis that nobody fills', () => {
  let servers: OwnServers;
  beforeAll(async () => {
    servers = await OwnServers.make();
    await servers.start('redis');
  }, 60_000);
  afterAll(() => servers.wipe('redis'));
  const open = async () => {
    const set = new RedisRevocations({ url: servers.redisUrl, lifeMs: () => lifeMs });
    await set.connected();
    return set;
  };

  it('when it starts on a dump of a set that was whole, then it has what it had and is not whole', async () => {
    const set = await open();
    await set.raise([{ subject: user('a'), watermark: 1, at: 1 }]);
    const generation = await set.declareWhole(new Map([[0, 1]]));
    await expect(set.lookUp([user('a')])).resolves.toMatchObject({ generation });
    await servers.stop('redis');
    await servers.start('redis');
    const asBefore = { generation: null, entries: [{ watermark: 1, at: 1, deadSessions: new Set() }] };
    await eventually(() => set.ping().then(() => true));
    await expect(set.lookUp([user('a')])).resolves.toEqual(asBefore);
    await expect(set.status()).resolves.toEqual({ generation: null, positions: new Map() });
    await expect(set.advance(generation, new Map([[0, 2]]))).resolves.toBe(false);
    await set.close();
  }, 60_000);

  it('when it is emptied or restarted while it is being filled, then it cannot be declared whole until it is filled anew', async () => {
    const set = await open();
    const damages = [
      async () => {
        const behind = new Redis(servers.redisUrl);
        await behind.flushall();
        behind.disconnect();
      },
      async () => {
        await servers.kill('redis');
        await servers.start('redis');
        await eventually(() => set.ping().then(() => true));
      },
    ];
    for (const damage of damages) {
      await damage();
      await expect(set.status()).resolves.toMatchObject({ generation: null });
      await set.raise([{ subject: user('a'), watermark: 1, at: 1 }]);
      await damage();
      await set.raise([{ subject: user('b'), watermark: 1, at: 1 }]);
      await expect(set.declareWhole(new Map())).rejects.toBeInstanceOf(RevocationsUnavailable);
      await expect(set.lookUp([])).resolves.toMatchObject({ generation: null });
      await set.raise([{ subject: user('a'), watermark: 1, at: 1 }]);
      await expect(set.declareWhole(new Map())).resolves.toEqual(expect.any(String));
      await expect(set.lookUp([])).resolves.toMatchObject({ generation: expect.any(String) });
    }
    await set.close();
  }, 60_000);

  it('when it may evict, then it is refused; when it may not, then it is not', async () => {
    const set = await open();
    await expect(set.checkServer()).resolves.toMatchObject({ refusals: [], warnings: [] });
    const behind = new Redis(servers.redisUrl);
    await behind.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { refusals } = await set.checkServer();
    expect(refusals.join()).toContain('noeviction');
    behind.disconnect();
    await set.close();
  }, 60_000);
});
