import type { LogBatch, LogReader, Reading } from '#libs/event-log';
import { type Revocation, type Revocations, revocationOf } from '#libs/revocations';
import { eventsOf, LagGauge, type ProjectionTools } from './projection.js';

/**
 * Log -> revocation set. What the commands' shortcut wrote is written again (max-write: repeating is harmless), and
 * what it missed is repaired. A set that is not whole is rebuilt from the last token life of the log, and only then
 * declared whole. An event that cannot be read stops everything and shouts: skipping it could let a revoked user in.
 */
export class RevocationsFollower {
  private generation: string | null = null;
  private positions = new Map<number, number>();
  private readonly lag: LagGauge;
  private reading: Reading | null = null;
  /** Events from before this process are not timed: they waited for it, not for the gate. */
  private readonly startedAt: number;

  constructor(
    private readonly revocations: Revocations,
    private readonly tools: ProjectionTools & { readonly now: () => number; readonly lifeMs: number },
  ) {
    this.lag = new LagGauge('revocations', tools.metrics);
    this.startedAt = tools.now();
  }

  /** Resolves when the set is whole and is being kept so. */
  async start(): Promise<void> {
    this.reading = await this.tools.log.read(this.reader());
    await this.makeWhole(this.reading);
  }

  async stop(): Promise<void> {
    await this.reading?.stop();
  }

  private reader(): LogReader {
    return {
      group: 'portcullis.revocations',
      startAt: (partition) => this.startAt(partition),
      handle: (batch) => this.handle(batch),
      onTrouble: (error) =>
        this.tools.logger.error({ err: error }, 'the revocation set cannot follow the log; retrying'),
    };
  }

  private async startAt(partition: number): Promise<number | null> {
    const status = await this.revocations.status();
    this.generation = status.generation;
    const kept = status.generation === null ? undefined : status.positions.get(partition);
    if (kept !== undefined) return kept;
    const { now, lifeMs, log } = this.tools;
    return (await log.positionsAt(now() - lifeMs)).get(partition) ?? null;
  }

  private async handle(batch: LogBatch): Promise<void> {
    const revocations: Revocation[] = [];
    for (const event of eventsOf(batch)) {
      const revocation = revocationOf(event);
      if (revocation) revocations.push(revocation);
    }
    if (revocations.length > 0) await this.revocations.raise(revocations);
    this.time(revocations);
    this.positions.set(batch.partition, batch.next);
    this.lag.reached(batch, batch.next);
    if (this.generation !== null && !(await this.revocations.advance(this.generation, this.positions))) {
      this.generation = null;
      this.tools.logger.warn('the revocation set was emptied or replaced; rebuilding it from the log');
      void this.rebuild();
    }
  }

  private async rebuild(): Promise<void> {
    try {
      const { reading } = this;
      if (!reading) return;
      this.positions = new Map();
      await reading.restart();
      await this.makeWhole(reading);
    } catch (error) {
      this.tools.logger.error({ err: error }, 'the revocation set could not be rebuilt');
    }
  }

  private async makeWhole(reading: Reading): Promise<void> {
    await reading.caughtUp();
    if (this.generation !== null) return;
    this.generation = await this.revocations.declareWhole(this.positions);
    this.tools.logger.info({ generation: this.generation }, 'the revocation set is whole');
  }

  private time(revocations: readonly Revocation[]): void {
    const now = this.tools.now();
    for (const { at } of revocations) {
      if (at >= this.startedAt)
        this.tools.metrics.appendToEnforced.observe({ via: 'log' }, Math.max(0, now - at) / 1_000);
    }
  }
}
