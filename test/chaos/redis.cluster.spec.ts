import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/cluster.js';
import { seed, underLoad } from '../support/cluster-scene.js';

describe(`given the full stack under load, and Redis that fails (SEED=${seed})`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make();
    await cluster.start();
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);

  it('when it is emptied, then edges are closed until the set is whole, by itself', async () => {
    await underLoad(cluster, 'Redis emptied', async (scene) => {
      const wholeAfterMs: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const counted = scene.counting();
        await cluster.redis.flushall();
        const emptiedAt = performance.now();
        wholeAfterMs.push(await scene.untilWhole(emptiedAt));
        expect(counted()).toMatchObject({ none: expect.any(Number), unavailable: 0, cutOff: 0 });
        expect(counted().none).toBeGreaterThan(0);
        await scene.busy(20);
      }
      return { wholeAfterMs };
    });
  }, 180_000);

  it('when it is killed and started, then edges are closed until the set is whole, by itself', async () => {
    await underLoad(cluster, 'Redis killed', async (scene) => {
      const counted = scene.counting();
      await cluster.servers.kill('redis');
      await scene.untilClosed();
      await pause(2_000);
      expect(counted().pending).toBeGreaterThan(0);
      await cluster.servers.start('redis');
      const startedAt = performance.now();
      const wholeAfterMs = await scene.untilWhole(startedAt);
      return { wholeAfterMs };
    });
  }, 180_000);

  it('when it comes back with an older dump, then nothing is answered from that', async () => {
    await cluster.servers.stop('redis');
    const putBack = cluster.servers.backUp('redis');
    await cluster.servers.start('redis');
    await cluster.ready();
    await underLoad(cluster, 'Redis rolled back', async (scene) => {
      await cluster.servers.stop('redis');
      putBack();
      await cluster.servers.start('redis');
      const startedAt = performance.now();
      const wholeAfterMs = await scene.untilWhole(startedAt);
      return { wholeAfterMs };
    });
  }, 180_000);

  it('when it is out of reach for 20 seconds, then commands are pending and edges closed; then the log repairs it', async () => {
    await underLoad(cluster, 'Redis out of reach', async (scene) => {
      cluster.servers.freeze('redis');
      await scene.untilClosed();
      await pause(2_000);
      const counted = scene.counting();
      await pause(18_000);
      const meanwhile = counted();
      cluster.servers.thaw('redis');
      const thawedAt = performance.now();
      expect(meanwhile).toMatchObject({ enforced: 0, unavailable: 0, granted: 0, refused: 0 });
      expect(meanwhile.pending).toBeGreaterThan(50);
      const wholeAfterMs = await scene.untilWhole(thawedAt);
      return { pendingMeanwhile: meanwhile.pending, wholeAfterMs };
    });
  }, 180_000);

  it('when its memory is full, then edges are closed until there is memory and the set is whole', async () => {
    await underLoad(cluster, 'Redis full', async (scene) => {
      await cluster.redis.config('SET', 'maxmemory', '1');
      const fullAt = performance.now();
      await scene.untilClosed();
      const closedAfterMs = Math.round(performance.now() - fullAt);
      await pause(3_000);
      const counted = scene.counting();
      await pause(2_000);
      expect(counted()).toMatchObject({ enforced: 0, unavailable: 0, granted: 0, refused: 0 });
      await cluster.redis.config('SET', 'maxmemory', '0');
      const wholeAfterMs = await scene.untilWhole(performance.now());
      return { closedAfterMs, wholeAfterMs };
    });
  }, 180_000);
});
