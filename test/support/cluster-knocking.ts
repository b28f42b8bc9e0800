import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import type { ClusterApp } from './cluster-app.js';
import type { HeldToken, Person } from './cluster-people.js';
import { ProcessClient } from './process-client.js';
import type { Chance } from './process-random.js';

/** What the edges answered, all together. */
export interface Verdicts {
  /** 200. */
  granted: number;
  /** 401. */
  refused: number;
  /** 503: no verdict. */
  none: number;
  /** The edge was not there. */
  unreachable: number;
}

const knockersPerEdge = 2;
const paceMs = 4;
const awayMs = 50;
const recent = 12;

/**
 * Shows tokens at every edge all the while, above all those that were just killed. A token that an answer called killed
 * and enforced before it is shown must not be let in, and one that nobody tried to kill must not be refused.
 */
export class Knocking {
  readonly verdicts: Verdicts = { granted: 0, refused: 0, none: 0, unreachable: 0 };
  /** Verdicts that must not be. */
  readonly wrong: unknown[] = [];
  /** When an edge last gave no verdict (`performance.now`). */
  lastNoneAt = Number.NEGATIVE_INFINITY;
  readonly #edges: ReadonlyMap<ClusterApp, ProcessClient>;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cluster: Cluster,
    private readonly people: readonly Person[],
    private readonly chance: Chance,
  ) {
    this.#edges = new Map(
      cluster.gateways.map((app) => [app, new ProcessClient({ controlUrl: app.url, edgeUrl: app.url })]),
    );
  }

  start(): void {
    const knockers = [...this.#edges].flatMap(([app, edge]) =>
      Array.from({ length: knockersPerEdge }, () => this.#knock(app, edge)),
    );
    this.#running = Promise.all(knockers);
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#edges.values()].map((edge) => edge.close()));
  }

  /** The verdict of each edge on one token. */
  async ask(token: string): Promise<number[]> {
    return Promise.all([...this.#edges.values()].map((edge) => edge.verdict(token)));
  }

  async #knock(app: ClusterApp, edge: ProcessClient): Promise<void> {
    while (!this.#stopped && !this.cluster.closed) {
      const token = this.#someToken();
      const answered = token ? await this.#show(token, app, edge) : true;
      await pause(answered ? paceMs : awayMs);
    }
  }

  /** One of somebody's newest tokens: they are those that were killed last, or that live. */
  #someToken(): HeldToken | undefined {
    const people = this.chance.oneIn(3) ? this.people : this.people.slice(-recent * 2);
    const tokens = this.chance.pick(people)?.tokens ?? [];
    return this.chance.pick(this.chance.oneIn(4) ? tokens : tokens.slice(-3));
  }

  async #show(token: HeldToken, app: ClusterApp, edge: ProcessClient): Promise<boolean> {
    const { person } = token;
    const mustBeRefused = person.mustBeRefused(token);
    const askedAt = performance.now();
    const status = await edge.verdict(token.text).catch(() => null);
    switch (status) {
      case 200:
        this.verdicts.granted += 1;
        if (mustBeRefused) this.#isWrong('let in', token, app, askedAt);
        break;
      case 401:
        this.verdicts.refused += 1;
        if (person.mustBeLetIn(token)) this.#isWrong('refused', token, app, askedAt);
        break;
      case 503:
        this.verdicts.none += 1;
        this.lastNoneAt = performance.now();
        break;
      case null:
        this.verdicts.unreachable += 1;
        break;
      default:
        this.#isWrong(`answered with ${status}`, token, app, askedAt);
    }
    return status !== null;
  }

  #isWrong(what: string, { person, sid, version }: HeldToken, { url }: ClusterApp, askedAt: number): void {
    const took = Math.round(performance.now() - askedAt);
    this.wrong.push({ what, user: person.id, sid, version, edge: url, took, events: [...person.events.values()] });
  }
}
