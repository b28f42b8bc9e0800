import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/cluster.js';
import { seed, underLoad } from '../support/cluster-scene.js';

describe(`given the full stack under load, without the shortcut (SEED=${seed})`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make({ env: { ENFORCE_AT_ONCE: 'false' } });
    await cluster.start();
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);

  it('when nothing fails, then everything holds through the log alone', async () => {
    await underLoad(cluster, 'Log alone', async (scene) => {
      await scene.refused(30);
      expect(scene.load.counts.enforced).toBe(0);
      const metrics = (await cluster.projectors[0]?.metrics()) ?? '';
      return { fromAppendToSet: histogram(metrics, 'portcullis_append_to_enforced_seconds') };
    });
  }, 120_000);

  it('when Redis is emptied, Kafka stops and the projector is killed, one after the other, then it holds all the same', async () => {
    await underLoad(cluster, 'Log alone, with faults', async (scene) => {
      await cluster.redis.flushall();
      const wholeAfterMs = await scene.untilWhole(performance.now());
      await cluster.servers.kill('kafka');
      await pause(3_000);
      await cluster.servers.start('kafka');
      await scene.refused(10);
      const [projector] = cluster.projectors;
      await projector?.stop('SIGKILL');
      await projector?.start();
      await projector?.ready();
      return { wholeAfterMs };
    });
  }, 180_000);
});

/** The share of observations up to each bound, in percent. */
function histogram(metrics: string, name: string): Record<string, number> {
  const buckets = [...metrics.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)",via="log"\\} (\\d+)$`, 'gm'))];
  const total = Number(buckets.at(-1)?.[2] ?? 0);
  return Object.fromEntries(
    buckets
      .filter(([, , count]) => Number(count) > 0)
      .map(([, bound, count]) => [`${bound} s`, Math.round((100 * Number(count)) / total)]),
  );
}
