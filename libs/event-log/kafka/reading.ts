import { setTimeout as pause } from 'node:timers/promises';
import type { EachBatchPayload } from 'kafkajs';
import { type LogBatch, type LogReader, LogUnavailable, type Positions, type Reading } from '../event-log.js';
import { fetchedFrom, logBatchOf } from './entries.js';
import { Lane } from './lane.js';
import { Session } from './session.js';
import type { KafkaEventLogOptions, KafkaTimeouts } from './settings.js';
import { unavailable } from './unavailable.js';
import { stopped, Waiters } from './waiters.js';

/** Where a partition begins and ends. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export interface ReadingParts {
  readonly options: KafkaEventLogOptions;
  readonly timeouts: KafkaTimeouts;
  readonly reader: LogReader;
  /** @throws LogUnavailable */
  readonly bounds: () => Promise<ReadonlyMap<number, Bounds>>;
  readonly onStop: () => void;
}

interface Failure {
  readonly error: unknown;
}

const commitEveryMs = 5_000;
const retryMs = 500;

/**
 * One reader on its way through the topic; see {@link Reading} for what it promises. The consumer group only shares out
 * the partitions: where to read is what the reader says, asked anew at each assignment. A batch that fails holds back
 * its own partition alone.
 */
export class KafkaReading implements Reading {
  private readonly lanes = new Map<number, Lane>();
  /** Calls of the reader that are under way. They outlive the lane when the partition goes elsewhere meanwhile. */
  private readonly handling = new Map<number, Promise<Failure | null>>();
  private readonly waiters = new Waiters();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly committed = new Map<number, number>();
  private readonly stopping = new AbortController();
  private readonly finished: Promise<void>;
  private session: Session | null = null;
  private assigned = false;

  constructor(private readonly parts: ReadingParts) {
    this.finished = this.run();
  }

  /** While the cluster is out of reach it waits, and with it whoever asks. Rejects only when the reading is stopped. */
  async caughtUp(): Promise<void> {
    const ends = await this.ends();
    const caughtUp = this.waiters.wait(ends);
    if (this.stopped) this.waiters.refuse();
    else this.answerWaiters();
    await caughtUp;
  }

  /** Does not wait for a call of `handle` that is under way, so that `handle` itself may ask for it. */
  async restart(): Promise<void> {
    void this.begin([...this.lanes.values()]);
  }

  async stop(): Promise<void> {
    if (!this.stopped) {
      this.stopping.abort();
      for (const timer of this.timers) clearTimeout(timer);
      await Promise.all(this.handling.values());
      await this.session?.commit(this.uncommitted());
      await this.session?.leave();
      this.waiters.refuse();
    }
    await this.finished;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const { options, timeouts, reader } = this.parts;
    const commits = setInterval(() => void this.commit(), commitEveryMs);
    while (!this.stopped) {
      const session: Session = new Session(options, timeouts, reader, {
        onAssigned: (partitions) => this.onAssigned(partitions),
        onBatch: (payload) => this.onBatch(session, payload),
      });
      this.session = session;
      const reason = await session.ended;
      this.session = null;
      this.assigned = false;
      this.lanes.clear();
      if (this.stopped) break;
      reader.onTrouble(unavailable(`reading "${options.topic}" was interrupted`, reason));
      await this.pause(retryMs);
    }
    clearInterval(commits);
    this.parts.onStop();
  }

  private onAssigned(partitions: readonly number[]): void {
    this.lanes.clear();
    this.committed.clear();
    for (const partition of partitions) this.lanes.set(partition, new Lane(partition));
    this.assigned = true;
    void this.begin([...this.lanes.values()]);
    this.answerWaiters();
  }

  /** Asks the reader where to start, and goes there; until then, nothing of these partitions is read. */
  private async begin(lanes: readonly Lane[]): Promise<void> {
    const { session } = this;
    if (!session || this.stopped || lanes.length === 0) return;
    session.pause(lanes.map(({ partition }) => partition));
    const rounds = new Map(lanes.map((lane) => [lane, lane.startOver()]));
    const starts = new Map<Lane, number | null>();
    await Promise.all(
      lanes.map(async (lane) => {
        try {
          await this.handling.get(lane.partition);
          starts.set(lane, await this.parts.reader.startAt(lane.partition));
        } catch (error) {
          this.retry(lane, error, rounds.get(lane), () => void this.begin([lane]));
        }
      }),
    );
    try {
      // Asked after the positions: the log has then grown past all of them.
      const bounds = starts.size === 0 ? new Map<number, Bounds>() : await this.parts.bounds();
      for (const [lane, start] of starts) {
        if (this.session !== session || !this.isCurrent(lane, rounds.get(lane))) continue;
        const position = this.withinBounds(lane.partition, start, bounds.get(lane.partition));
        lane.position = position;
        session.seek(lane.partition, position);
        session.resume(lane.partition);
      }
      this.answerWaiters();
    } catch (error) {
      for (const lane of starts.keys()) this.retry(lane, error, rounds.get(lane), () => void this.begin([lane]));
    }
  }

  /** kafkajs skips to the beginning or the end without a word when a position is out of range (issue 1119). */
  private withinBounds(partition: number, start: number | null, bounds: Bounds = { low: 0, high: 0 }): number {
    if (start === null) return bounds.low;
    if (start >= bounds.low && start <= bounds.high) return start;
    const { topic } = this.parts.options;
    this.parts.reader.onTrouble(
      new LogUnavailable(
        `Kafka: position ${start} of partition ${partition} is not on "${topic}", which has ${bounds.low} to ` +
          `${bounds.high}: was the topic made anew? It is read from its beginning`,
      ),
    );
    return bounds.low;
  }

  private async onBatch(
    session: Session,
    { batch, isStale, heartbeat, resolveOffset }: EachBatchPayload,
  ): Promise<void> {
    const { partition } = batch;
    while (this.handling.has(partition)) await this.handling.get(partition);
    const lane = this.lanes.get(partition);
    if (this.stopped || this.session !== session || !lane || lane.position === null || isStale()) return;
    if (fetchedFrom(batch) !== lane.position) {
      // Fetched before the last seek, or from where kafkajs went by itself.
      void this.begin([lane]);
      return;
    }
    const { round } = lane;
    const beats = setInterval(() => void session.beat(heartbeat), session.beatMs);
    const work = this.handle(logBatchOf(batch));
    this.handling.set(partition, work);
    const failure = await work;
    clearInterval(beats);
    this.handling.delete(partition);
    if (failure) {
      session.pause([partition]);
      this.retry(lane, failure.error, round, () => session.resume(partition));
    } else if (this.isCurrent(lane, round)) {
      lane.moveTo(Number(batch.lastOffset()) + 1);
      resolveOffset(batch.lastOffset());
      this.answerWaiters();
    }
  }

  private async handle(batch: LogBatch): Promise<Failure | null> {
    try {
      await this.parts.reader.handle(batch);
      return null;
    } catch (error) {
      return { error };
    }
  }

  /** Tells of a failure and, if the lane has not been started over by then, tries again after a pause. */
  private retry(lane: Lane, error: unknown, round: number | undefined, again: () => void): void {
    this.parts.reader.onTrouble(error);
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.isCurrent(lane, round)) again();
    }, lane.nextPause());
    this.timers.add(timer);
  }

  private isCurrent(lane: Lane, round: number | undefined): boolean {
    return this.lanes.get(lane.partition) === lane && lane.round === round;
  }

  private async ends(): Promise<Positions> {
    while (!this.stopped) {
      try {
        return new Map([...(await this.parts.bounds())].map(([partition, { high }]) => [partition, high]));
      } catch (error) {
        this.parts.reader.onTrouble(error);
        await this.pause(retryMs);
      }
    }
    throw stopped();
  }

  private answerWaiters(): void {
    // Before the group has said which partitions are ours, nobody can have caught up with them.
    if (this.assigned) this.waiters.answer([...this.lanes.values()]);
  }

  private async commit(): Promise<void> {
    const positions = this.uncommitted();
    for (const [partition, position] of positions) this.committed.set(partition, position);
    await this.session?.commit(positions);
  }

  private uncommitted(): Positions {
    const positions = new Map<number, number>();
    for (const { partition, position } of this.lanes.values()) {
      if (position !== null && position !== this.committed.get(partition)) positions.set(partition, position);
    }
    return positions;
  }

  /** Stopping cuts it short. */
  private async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch(() => {});
  }
}
