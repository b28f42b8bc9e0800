import { expect } from '@jest/globals';
import type { Cluster } from './cluster.js';
import { checkCluster } from './cluster-check.js';
import { Knocking, type Verdicts } from './cluster-knocking.js';
import { ClusterLoad, type LoadCounts } from './cluster-load.js';
import { eventually } from './eventually.js';
import { Chance } from './process-random.js';

/** The seed of a run: `SEED` repeats what chance decided in another one. */
export const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

/** Scenes of this file until now: each has people, and a chance, of its own. */
let scenes = 0;
const busyWithinMs = 90_000;
const wholeWithinMs = 90_000;

/** What goes on while a test does damage. */
export class Scene {
  constructor(
    readonly load: ClusterLoad,
    readonly knocking: Knocking,
    readonly chance: Chance,
  ) {}

  /** Waits until so many commands more were carried out, and dead tokens refused as well. */
  async busy(commands = 30): Promise<void> {
    const { counts } = this.load;
    const { acknowledged } = counts;
    await this.refused(commands / 3);
    await eventually(() => counts.acknowledged >= acknowledged + commands, busyWithinMs);
  }

  /** Waits until the edges have refused so many tokens more. */
  async refused(tokens: number): Promise<void> {
    const { refused } = this.knocking.verdicts;
    await eventually(() => this.knocking.verdicts.refused >= refused + tokens, busyWithinMs);
  }

  /** What was answered from this call until the call of the function that it gives. */
  counting(): () => LoadCounts & Verdicts {
    const before = { ...this.load.counts, ...this.knocking.verdicts };
    return () => {
      const now = { ...this.load.counts, ...this.knocking.verdicts };
      return {
        acknowledged: now.acknowledged - before.acknowledged,
        enforced: now.enforced - before.enforced,
        pending: now.pending - before.pending,
        unavailable: now.unavailable - before.unavailable,
        cutOff: now.cutOff - before.cutOff,
        granted: now.granted - before.granted,
        refused: now.refused - before.refused,
        none: now.none - before.none,
        unreachable: now.unreachable - before.unreachable,
      };
    };
  }

  /** Waits until edges give no verdict. */
  async untilClosed(): Promise<void> {
    const { none } = this.knocking.verdicts;
    await eventually(() => this.knocking.verdicts.none > none + 4, wholeWithinMs);
  }

  /** Waits until every edge gives verdicts. Gives how long after `since` (`performance.now`) one last gave none, ms. */
  async untilWhole(since: number): Promise<number> {
    const token = this.load.people.flatMap(({ tokens }) => tokens)[0]?.text ?? '';
    await eventually(async () => (await this.knocking.ask(token)).every((status) => status !== 503), wholeWithinMs);
    return Math.max(0, Math.round(this.knocking.lastNoneAt - since));
  }
}

/**
 * Does damage under load, lets the load go on for a while, and holds what is left to the two sentences of
 * docs/architecture.md, section 8. Prints the figures under `name`, with those that `damage` gives.
 */
export async function underLoad(
  cluster: Cluster,
  name: string,
  damage: (scene: Scene) => Promise<Readonly<Record<string, unknown>>>,
): Promise<void> {
  scenes += 1;
  const chance = new Chance(seed + scenes);
  const load = new ClusterLoad(cluster, `${scenes}`, new Chance(chance.whole(0, 2 ** 32)));
  const knocking = new Knocking(cluster, load.people, new Chance(chance.whole(0, 2 ** 32)));
  try {
    await load.start();
    knocking.start();
    const scene = new Scene(load, knocking, chance);
    await scene.busy();
    const figures = await damage(scene);
    await scene.busy();
    await load.stop();
    await knocking.stop();
    await load.finishRegistrations();
    expect(load.wrong).toEqual([]);
    expect(knocking.wrong).toEqual([]);
    const findings = await checkCluster(cluster, load.people, knocking);
    const commandMs = percentiles(load.tookMs);
    const all = {
      SEED: seed,
      ...figures,
      commandMs,
      ...load.counts,
      ...knocking.verdicts,
      ...findings,
    };
    process.stdout.write(`${name}: ${JSON.stringify(all)}\n`);
  } catch (error) {
    const errors = cluster.apps.flatMap((app) => app.said('"level":50').slice(-10));
    process.stdout.write(`${name} failed: SEED=${seed} ${JSON.stringify(load.counts)} ${JSON.stringify(errors)}\n`);
    throw error;
  } finally {
    await Promise.all([load.stop(), knocking.stop()]);
    await Promise.all([load.close(), knocking.close()]);
  }
}

function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}
