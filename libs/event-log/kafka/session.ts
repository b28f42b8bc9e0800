import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { LogReader, Positions } from '../event-log.js';
import { type Line, openLine } from './line.js';
import type { KafkaEventLogOptions, KafkaTimeouts } from './settings.js';
import { within } from './unavailable.js';

/** Told of what happens in a session. Neither is called once the session has ended. */
export interface SessionListener {
  /** These are the partitions of this process now. They are paused: whoever listens seeks and resumes each. */
  onAssigned(partitions: readonly number[]): void;
  onBatch(batch: EachBatchPayload): Promise<void>;
}

/** Heartbeats in the time after which a process without them counts as dead. Their answers also tell of a rebalance. */
const beatsPerSession = 10;
/** Batches of this many partitions are handled at a time. */
const partitionsAtOnce = 12;
/** So much of one partition comes in one answer: a projector far behind then has megabytes in memory, and not tens of them. */
const fetchBytes = 256 * 1024;
const leaveMs = 3_000;

/**
 * One kafkajs consumer, from its joining the group until it leaves or fails. A failed one is not mended: the reading
 * opens another. kafkajs restarts a consumer for some errors and gives up for others (issues 1443, 1445 and 1513), and
 * one that restarts by itself does so after it was stopped, too.
 */
export class Session {
  /** Resolves with null when the session was ended, and with the reason when it failed. */
  readonly ended: Promise<unknown>;
  private readonly line: Line;
  private readonly consumer: Consumer;
  private readonly topic: string;
  private readonly watch: NodeJS.Timeout;
  private end: (reason: unknown) => void = () => {};
  private living = true;
  private joined = false;
  private lastSign = Date.now();

  constructor(
    options: KafkaEventLogOptions,
    private readonly timeouts: KafkaTimeouts,
    reader: LogReader,
    private readonly listener: SessionListener,
  ) {
    this.topic = options.topic;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.line = openLine(options, timeouts, options.logger);
    this.consumer = this.line.kafka.consumer({
      groupId: reader.group,
      allowAutoTopicCreation: false,
      sessionTimeout: timeouts.sessionMs,
      heartbeatInterval: this.beatMs,
      rebalanceTimeout: timeouts.rebalanceMs,
      // Also how long kafkajs sleeps when all partitions are paused, and how long stopping takes (issue 1596).
      maxWaitTimeInMs: timeouts.fetchWaitMs,
      maxBytesPerPartition: fetchBytes,
      maxBytes: partitionsAtOnce * fetchBytes,
      // While some brokers are left, so that the group need not wait for a new member; without any, it fails at once.
      retry: { retries: 5, restartOnFailure: async () => false },
    });
    this.listen();
    // A consumer that hangs says nothing at all (issues 659 and 909): kafkajs stops enforcing its timeouts on a
    // connection that it is closing, and then waits for answers that will not come.
    const deafMs = timeouts.rebalanceMs + 3 * timeouts.sessionMs;
    this.watch = setInterval(() => {
      if (Date.now() - this.lastSign > deafMs) this.finish(new Error(`the consumer was silent for ${deafMs} ms`));
    }, timeouts.sessionMs);
    void this.start();
  }

  get beatMs(): number {
    return Math.floor(this.timeouts.sessionMs / beatsPerSession);
  }

  /** Holds back a partition's entries. */
  pause(partitions: readonly number[]): void {
    this.whileRunning(() => this.consumer.pause([{ topic: this.topic, partitions: [...partitions] }]));
  }

  resume(partition: number): void {
    this.whileRunning(() => this.consumer.resume([{ topic: this.topic, partitions: [partition] }]));
  }

  /** The next batch of the partition begins there. */
  seek(partition: number, position: number): void {
    this.whileRunning(() => this.consumer.seek({ topic: this.topic, partition, offset: String(position) }));
  }

  /** Tells the cluster how far the group has read, for the tools that show lag. Nothing is ever read from there. */
  async commit(positions: Positions): Promise<void> {
    if (!this.living || !this.joined || positions.size === 0) return;
    const offsets = [...positions].map(([partition, position]) => ({
      topic: this.topic,
      partition,
      offset: String(position),
    }));
    await within(leaveMs, this.consumer.commitOffsets(offsets)).catch(() => {});
  }

  /** A sign of life while a batch is being handled: kafkajs sends none then (issues 387 and 447). */
  async beat(heartbeat: () => Promise<void>): Promise<void> {
    try {
      await heartbeat();
    } catch {
      // That the group is rebalancing, or that this process is not in it any more: kafkajs is told the same by its own
      // heartbeat after the batch, and then joins again.
    }
  }

  /** Leaves the group, so that others have the partitions at once. No batch may be under way. */
  async leave(): Promise<void> {
    // Stopped before it has joined, kafkajs goes on joining and then runs (issue 967).
    if (this.living && this.joined) await within(leaveMs, this.consumer.disconnect()).catch(() => {});
    this.finish(null);
  }

  private async start(): Promise<void> {
    try {
      await this.consumer.connect();
      // From the beginning, should a position be out of range: kafkajs then moves to this default (issue 1119).
      await this.consumer.subscribe({ topic: this.topic, fromBeginning: true });
      await this.consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsAtOnce,
        eachBatch: async (payload) => {
          if (this.living) await this.listener.onBatch(payload);
        },
      });
    } catch (error) {
      this.finish(error);
    }
  }

  private listen(): void {
    const { consumer } = this;
    const { CRASH, FETCH, GROUP_JOIN, HEARTBEAT } = consumer.events;
    consumer.on(CRASH, ({ payload }) => this.finish(payload.error));
    consumer.on(FETCH, () => this.sign());
    consumer.on(HEARTBEAT, () => this.sign());
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (!this.living) return;
      this.sign();
      this.joined = true;
      // kafkajs tells of the partitions and at once fetches from the committed offsets, without waiting for whoever
      // listens (issue 1363, of somebody who keeps the offsets elsewhere). It calls its listeners in the same turn,
      // before that fetch, so what is paused here is not fetched. Each join forgets all offsets, so it is all of them.
      const partitions = payload.memberAssignment[this.topic] ?? [];
      this.pause(partitions);
      this.listener.onAssigned(partitions);
    });
  }

  private sign(): void {
    this.lastSign = Date.now();
  }

  private finish(reason: unknown): void {
    if (!this.living) return;
    this.living = false;
    clearInterval(this.watch);
    this.line.cut();
    this.end(reason);
  }

  /** kafkajs throws when its consumer is not running; a session that failed meanwhile has nothing to pause or seek. */
  private whileRunning(order: () => void): void {
    if (!this.living) return;
    try {
      order();
    } catch (error) {
      this.finish(error);
    }
  }
}
