import { createGateway, type Gateway } from '#apps/gateway';
import { type Config, createLogger, createMetrics, readConfig } from '#libs/platform';
import { type LookUp, type Revocations, RevocationsUnavailable, type SetStatus, type Subject } from '#libs/revocations';
import { MemoryRevocations } from '#libs/revocations/memory';
import { JwksKeySource } from '#libs/tokens';
import { startTestIssuer, type TestIssuer } from '../../bench/edge-issuer.js';
import { eventually } from './eventually.js';

/** An edge that listens, with the issuer of its tokens and its revocation set. */
export interface TestEdge {
  readonly url: string;
  readonly gateway: Gateway;
  readonly issuer: TestIssuer;
  readonly revocations: Revocations;
  /** Cuts the edge off from the set, or joins them again. */
  setSetDown(down: boolean): void;
  /** The whole log so far; verdicts reach it a moment later. */
  log(): string;
  /** The line about a path, once it is written. */
  lineOf(path: string): Promise<Record<string, unknown>>;
  /** How many verdicts of this kind there were. */
  verdicts(outcome: string, reason: string): Promise<number>;
  close(): Promise<void>;
}

export interface TestEdgeOptions {
  /** Null: the echo upstream. */
  readonly upstreamUrl?: string | null;
  /** False leaves the set cold. */
  readonly whole?: boolean;
  readonly config?: Partial<Config>;
}

export async function startEdge(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const config = {
    ...readConfig({ LOG_FORMAT: 'json' }),
    EDGE_PORT: 0,
    UPSTREAM_URL: options.upstreamUrl ?? null,
    ...options.config,
  };
  const issuer = await startTestIssuer({ issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE });
  const set = new MemoryRevocations({ lifeMs: 3_600_000, now: Date.now });
  if (options.whole !== false) await set.declareWhole(new Map());
  const line = new CutLine(set);
  const metrics = createMetrics();
  let log = '';
  const logger = createLogger(config, {
    write(text) {
      log += text;
    },
  });
  const keys = new JwksKeySource({ url: issuer.jwksUrl, now: Date.now, minIntervalMs: 50 });
  const gateway = await createGateway({ config, logger, metrics, keys, revocations: line, now: Date.now });
  const close = async () => {
    await gateway.close();
    await issuer.close();
    await set.close();
  };
  try {
    await gateway.listen();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: gateway.url,
    gateway,
    issuer,
    revocations: set,
    setSetDown(down) {
      line.down = down;
    },
    log: () => log,
    lineOf: (path) =>
      eventually(() =>
        log
          .split('\n')
          .filter((text) => text !== '')
          .map((text): Record<string, unknown> => JSON.parse(text))
          .find((line) => line.path === path),
      ),
    async verdicts(outcome, reason) {
      const { values } = await metrics.verdicts.get();
      return values.find(({ labels }) => labels.outcome === outcome && labels.reason === reason)?.value ?? 0;
    },
    close,
  };
}

/** The line between an edge and its set, which can be cut. */
class CutLine implements Pick<Revocations, 'lookUp' | 'status'> {
  down = false;
  readonly #set: Revocations;

  constructor(set: Revocations) {
    this.#set = set;
  }

  async lookUp(subjects: readonly Subject[]): Promise<LookUp> {
    this.#refuseWhenDown();
    return this.#set.lookUp(subjects);
  }

  async status(): Promise<SetStatus> {
    this.#refuseWhenDown();
    return this.#set.status();
  }

  #refuseWhenDown(): void {
    if (this.down) throw new RevocationsUnavailable('the line to the set is cut');
  }
}
