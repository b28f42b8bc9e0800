import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/cluster.js';
import { seed, underLoad } from '../support/cluster-scene.js';
import { RawStore } from '../support/cluster-store.js';
import { eventually } from '../support/eventually.js';

describe(`given the full stack under load, and Kafka that stops (SEED=${seed})`, () => {
  let cluster: Cluster;
  let store: RawStore;

  beforeAll(async () => {
    cluster = await Cluster.make();
    store = new RawStore(cluster.servers.mongoUri);
    await cluster.start();
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await cluster?.close();
  }, 60_000);

  const carried = () => eventually(async () => (await store.unsent()) < 5, 60_000);

  it('for 20 seconds, then commands are accepted and enforced meanwhile, and the events on the topic afterwards', async () => {
    await underLoad(cluster, 'Kafka stopped', async (scene) => {
      await cluster.servers.stop('kafka');
      const counted = scene.counting();
      await pause(20_000);
      const { acknowledged, enforced, pending, unavailable, granted, refused, none } = counted();
      expect(enforced).toBeGreaterThan(50);
      expect({ pending, unavailable, none }).toEqual({ pending: 0, unavailable: 0, none: 0 });
      expect(granted).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      const backlog = await store.unsent();
      expect(backlog).toBeGreaterThan(50);
      expect(await cluster.commands[0]?.metrics()).toMatch(/^portcullis_relay_backlog_events [1-9]/m);
      await cluster.servers.start('kafka');
      const startedAt = performance.now();
      await carried();
      const carriedAfterMs = Math.round(performance.now() - startedAt);
      return { acknowledgedMeanwhile: acknowledged, backlog, carriedAfterMs };
    });
  }, 180_000);

  it('and Redis is emptied meanwhile, then edges are closed until the set holds what is on no log yet', async () => {
    await underLoad(cluster, 'Kafka stopped and Redis emptied', async (scene) => {
      await cluster.servers.stop('kafka');
      await scene.busy(40);
      const emptiedAt = performance.now();
      await cluster.redis.flushall();
      await scene.untilClosed();
      const counted = scene.counting();
      await pause(3_000);
      expect(counted()).toMatchObject({ granted: 0, refused: 0, pending: 0, unavailable: 0 });
      await cluster.servers.start('kafka');
      const startedAt = performance.now();
      const wholeAfterMs = await scene.untilWhole(startedAt);
      await carried();
      return { closedForMs: Math.round(wholeAfterMs + startedAt - emptiedAt), wholeAfterMs };
    });
  }, 180_000);
});
