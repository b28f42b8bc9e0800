import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/cluster.js';
import { seed, underLoad } from '../support/cluster-scene.js';

describe(`given the full stack under load, and MongoDB that cannot be asked (SEED=${seed})`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make();
    await cluster.start();
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);

  it.each([
    ['stopped', 20_000, () => cluster.servers.stop('mongo'), () => cluster.servers.start('mongo')],
    ['killed', 3_000, () => cluster.servers.kill('mongo'), () => cluster.servers.start('mongo')],
    ['frozen', 6_000, async () => cluster.servers.freeze('mongo'), async () => cluster.servers.thaw('mongo')],
  ])(
    'when it is %s for %i ms, then commands are 503 with Retry-After, and all is right afterwards',
    async (how, ms, away, back) => {
      await underLoad(cluster, `MongoDB ${how}`, async (scene) => {
        await away();
        await pause(Math.min(ms / 2, 3_000));
        const counted = scene.counting();
        const ready = await cluster.commands[0]?.readiness();
        expect(ready).toMatchObject({ status: 503 });
        await pause(ms - Math.min(ms / 2, 3_000));
        const { acknowledged, unavailable, cutOff, granted, refused, none } = counted();
        // Whatever is answered without Retry-After, or otherwise than with 503, is found by the load.
        expect({ acknowledged, cutOff, none }).toEqual({ acknowledged: 0, cutOff: 0, none: 0 });
        expect(unavailable).toBeGreaterThan(3);
        expect(granted).toBeGreaterThan(0);
        expect(refused).toBeGreaterThan(0);
        await back();
        const backAt = performance.now();
        await scene.busy(1);
        return { unavailableMeanwhile: unavailable, acceptsAfterMs: Math.round(performance.now() - backAt) };
      });
    },
    180_000,
  );
});
