import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/cluster.js';
import type { ClusterApp } from '../support/cluster-app.js';
import { type Scene, seed, underLoad } from '../support/cluster-scene.js';

const kills = 50;
const sideBySideMs = 5_000;

describe(`given two commands processes, two projectors and two edges, all busy with the same users (SEED=${seed})`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.make({ commands: 2, projectors: 2, gateways: 2 });
    await cluster.start();
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);

  it('when none of them fails, then each user has one order without gaps, and the same documents', async () => {
    await underLoad(cluster, 'Side by side', async (scene) => {
      const counted = scene.counting();
      await pause(sideBySideMs);
      const { pending, unavailable, cutOff, none } = counted();
      expect({ pending, unavailable, cutOff, none }).toEqual({ pending: 0, unavailable: 0, cutOff: 0, none: 0 });
      // Those whom all command, through both processes.
      const shared = scene.load.people.filter((person) => person.shared);
      const races = shared.map(({ events }) => events.size);
      expect(Math.min(...races)).toBeGreaterThan(3);
      return { races, conflicts: scene.load.conflicts };
    });
  }, 120_000);

  it(`when they are killed ${kills} times at random moments, then nothing is lost and no dead token let in`, async () => {
    await underLoad(cluster, `Killed ${kills} times`, async (scene) => {
      const began = performance.now();
      const killed = { commands: 0, projector: 0, gateway: 0 };
      for (let count = 0; count < kills; count += 1) {
        const app = someApp(scene);
        await pause(scene.chance.whole(0, 300));
        await app.stop('SIGKILL');
        killed[app.name] += 1;
        await app.start();
        // What others do meanwhile must not depend on it; what it does itself needs it to be there now and then. Now and
        // then it is killed while it starts. A projector waits until the one that was killed counts as dead: 10 seconds.
        if (app.name !== 'projector' && !scene.chance.oneIn(4)) await app.ready();
      }
      const killedForMs = Math.round(performance.now() - began);
      await cluster.ready();
      return { killed, killedForMs, allReadyAfterMs: Math.round(performance.now() - began) - killedForMs };
    });
  }, 400_000);

  function someApp({ chance }: Scene): ClusterApp {
    const kind = chance.pick([cluster.commands, cluster.commands, cluster.projectors, cluster.gateways]);
    const app = chance.pick(kind ?? []);
    if (!app) throw new Error('there is no app to kill');
    return app;
  }
});
