import { randomUUID } from 'node:crypto';
import type { LogBatch, LogReader, Reading } from '#libs/event-log';
import { readEvent, UnreadableEvent, type UnsentEvents } from '#libs/event-store';
import { type Revocation, type Revocations, revocationOf } from '#libs/revocations';
import { type Deferred, deferred } from './deferred.js';
import { eventsOf, LagGauge, type ProjectionTools } from './projection.js';

export interface FollowerTools extends ProjectionTools {
  readonly revocations: Revocations;
  /** What the relay has not carried to the log yet. */
  readonly unsent: UnsentEvents;
  readonly now: () => number;
  /** How long the set remembers a fact, ms; asked each time, since it grows when tokens live longer. */
  readonly lifeMs: () => number;
  /** Each region has a set of its own and follows the log by itself; empty where there is one. */
  readonly region: string;
}

const lookEveryMs = 1_000;

/**
 * Log -> revocation set. What the commands' shortcut wrote is written again (max-write: repeating is harmless), and what
 * it missed is repaired. A set that is not whole (new, emptied, rolled back) is filled from the last token life of the
 * log and only then declared whole; until then edges give no verdict from it. An event that cannot be read stops
 * everything and shouts: skipping it could let a revoked user in.
 */
export class RevocationsFollower {
  private generation: string | null = null;
  private readonly lag: LagGauge;
  private reading: Reading | null = null;
  private looking: NodeJS.Timeout | null = null;
  private making: Promise<void> | null = null;
  private recovering: Promise<void> | null = null;
  private stopped = false;
  private filling: Deferred | null = null;
  /** Settled at the first event that cannot be read. */
  private readonly stuck = deferred();
  /** What went wrong last, by what was being done; gone when that goes well again. */
  private readonly troubles = new Map<'look' | 'read', unknown>();
  /** Events from before this process are not timed: they waited for it, not for the gate. */
  private readonly startedAt: number;

  constructor(private readonly tools: FollowerTools) {
    this.lag = new LagGauge('revocations', tools.metrics);
    this.startedAt = tools.now();
  }

  /**
   * Resolves when the set is whole and has followed the log up to where it ended at the call, or when an event that cannot
   * be read keeps it from that: commands go on then, and edges stay closed, since the set is not whole.
   */
  async start(): Promise<void> {
    await this.unlessStuck(this.look());
    this.reading = await this.tools.log.read(this.reader());
    await this.unlessStuck(this.reading.caughtUp());
    this.lookAgain();
  }

  private async unlessStuck(reached: Promise<void>): Promise<void> {
    reached.catch(() => undefined); // It may fail later, when the projector is stopped and nobody waits any more.
    await Promise.race([reached, this.stuck.promise]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.looking) clearTimeout(this.looking);
    await this.reading?.stop();
    this.filling?.reject(new Error('the projector was stopped'));
    await this.making?.catch(() => undefined);
  }

  /** Rejects with what keeps the set from following the log. */
  async check(): Promise<void> {
    for (const trouble of this.troubles.values()) throw trouble;
    if (this.generation === null) throw new Error('the revocation set is not whole yet');
  }

  /** Sees whether the set is still the one that this process knows, and makes it whole when it is not. */
  private look(): Promise<void> {
    this.making ??= this.makeWhole().finally(() => {
      this.making = null;
    });
    return this.making;
  }

  private lookAgain(): void {
    if (this.stopped) return;
    this.looking = setTimeout(() => {
      this.seeRecovery();
      this.look()
        .catch((error: unknown) => this.shout('look', error))
        .finally(() => this.lookAgain());
    }, lookEveryMs);
  }

  /** A trouble with reading is over when the end of the log is reached, even if nothing new is on it to be handled. */
  private seeRecovery(): void {
    if (!this.troubles.has('read') || this.recovering || !this.reading) return;
    this.recovering = this.reading
      .caughtUp()
      .then(
        () => void this.troubles.delete('read'),
        () => undefined,
      )
      .finally(() => {
        this.recovering = null;
      });
  }

  /** Another process may have made it whole meanwhile: then its generation is taken over. */
  private async makeWhole(): Promise<void> {
    const { revocations, logger } = this.tools;
    const wasWhole = this.generation !== null;
    this.generation = (await revocations.status()).generation;
    if (this.generation !== null) {
      this.troubles.delete('look');
      return;
    }
    const began = performance.now();
    logger[wasWhole ? 'warn' : 'info']('the revocation set is not whole; filling it from the log');
    this.generation = await this.fill();
    this.troubles.delete('look');
    logger.info(
      { generation: this.generation, ms: Math.round(performance.now() - began) },
      'the revocation set is whole',
    );
  }

  /**
   * Reads the last token life of every partition, whoever else reads it, and declares the set whole up to there. It waits
   * for each partition by name: being given none of them yet must not pass for having read them all.
   */
  private async fill(): Promise<string> {
    const { log, revocations, now, lifeMs } = this.tools;
    await this.raiseUnsent();
    const starts = await log.positionsAt(now() - lifeMs());
    const ends = await log.ends();
    const unread = new Set([...ends.keys()].filter((p) => (ends.get(p) ?? 0) > (starts.get(p) ?? 0)));
    if (unread.size > 0) {
      const read = deferred();
      this.filling = read;
      const handle = async (batch: LogBatch) => {
        await this.raise(batch);
        if (batch.next >= (ends.get(batch.partition) ?? 0)) unread.delete(batch.partition);
        if (unread.size === 0) read.resolve();
      };
      const group = `portcullis.revocations.fill.${randomUUID()}`;
      const startAt = async (partition: number) => starts.get(partition) ?? null;
      const reading = await log.read({ group, startAt, handle, onTrouble: (error) => this.shout('look', error) });
      await read.promise.finally(() => reading.stop());
    }
    return await revocations.declareWhole(ends);
  }

  /**
   * What was appended and enforced, but is not on the log yet: a set that was emptied has lost it, and the log cannot
   * give it back. Asked before the log's ends: what is sent in between is before them.
   */
  private async raiseUnsent(): Promise<void> {
    for await (const page of this.tools.unsent.pages()) {
      const revocations = page.flatMap(({ event }) => revocationOf(readEvent(event)) ?? []);
      if (revocations.length > 0) await this.tools.revocations.raise(revocations);
    }
  }

  private reader(): LogReader {
    const { region } = this.tools;
    return {
      group: region === '' ? 'portcullis.revocations' : `portcullis.revocations.${region}`,
      startAt: (partition) => this.startAt(partition),
      handle: (batch) => this.handle(batch),
      onTrouble: (error) => this.shout('read', error),
    };
  }

  private async startAt(partition: number): Promise<number | null> {
    const { revocations, log, now, lifeMs } = this.tools;
    const { positions } = await revocations.status();
    return positions.get(partition) ?? (await log.positionsAt(now() - lifeMs())).get(partition) ?? null;
  }

  private async handle(batch: LogBatch): Promise<void> {
    this.lag.reached(batch, batch.entries[0]?.offset ?? batch.next);
    await this.raise(batch);
    this.troubles.delete('read');
    this.lag.reached(batch, batch.next);
    if (this.generation === null) return;
    const same = await this.tools.revocations.advance(this.generation, new Map([[batch.partition, batch.next]]));
    if (!same) this.look().catch((error: unknown) => this.shout('look', error));
  }

  /** An event that cannot be read stops the batch; what comes before it is raised all the same. */
  private async raise(batch: LogBatch): Promise<void> {
    const revocations: Revocation[] = [];
    try {
      for (const event of eventsOf(batch)) {
        const revocation = revocationOf(event);
        if (revocation) revocations.push(revocation);
      }
    } finally {
      if (revocations.length > 0) await this.tools.revocations.raise(revocations);
    }
    this.time(revocations);
  }

  private time(revocations: readonly Revocation[]): void {
    const { now, metrics } = this.tools;
    for (const { at } of revocations) {
      if (at >= this.startedAt) metrics.appendToEnforced.observe({ via: 'log' }, Math.max(0, now() - at) / 1_000);
    }
  }

  private shout(doing: 'look' | 'read', error: unknown): void {
    this.troubles.set(doing, error);
    if (error instanceof UnreadableEvent) this.stuck.resolve();
    this.tools.logger.error({ err: error }, 'the revocation set cannot follow the log; retrying');
  }
}
