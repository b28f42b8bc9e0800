import { setTimeout as pause } from 'node:timers/promises';
import { type Message, Partitioners, type Producer } from 'kafkajs';
import type { LogRecord } from '../event-log.js';
import { binaryHeaders } from './cloud-event.js';
import { type Line, openLine } from './line.js';
import type { KafkaEventLogOptions, KafkaTimeouts } from './settings.js';
import { unavailable, within } from './unavailable.js';

/** A request stays under the brokers' usual limit of 1 MiB for what goes to one partition. */
const mostBytes = 768 * 1024;
const mostRecords = 5_000;
/** What a record costs on the wire beside its value, roughly: key, headers, lengths. */
const overheadBytes = 512;
const firstPauseMs = 50;
const longestPauseMs = 500;

type Encoded = Message & { readonly value: Buffer };

interface Waiting {
  readonly messages: readonly Encoded[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Connected {
  readonly producer: Producer;
  readonly line: Line;
}

/**
 * Puts records on the topic, in the order of the calls: acknowledged by all in-sync replicas (`acks=-1`), by an
 * idempotent producer, so that a retry of the same request is on the log once.
 *
 * One request at a time, and what is published meanwhile goes together in the next one. kafkajs gives two requests that
 * overlap the same sequence numbers when the first has to be retried, and the brokers then take one of them for a
 * repetition, acknowledge it and drop it (issues 598 and 1005; its fix, pull request 1050, leaves failures open). For
 * the same reason a producer whose request failed is never used again: the request may be on the log, and the next one
 * would be sent under its numbers.
 */
export class Publisher {
  private readonly waiting: Waiting[] = [];
  private working: Promise<void> | null = null;
  private connected: Connected | null = null;
  private closed = false;

  constructor(
    private readonly options: KafkaEventLogOptions,
    private readonly timeouts: KafkaTimeouts,
  ) {}

  /**
   * When it fails, all that waited behind it fails too: a record must not overtake an earlier one of its key, and
   * nobody waits for one time limit after the other.
   */
  async publish(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    if (this.closed) throw unavailable('the records cannot be published', new Error('the log was closed'));
    const messages = records.map((record) => this.encode(record));
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ messages, resolve, reject });
      this.working ??= this.work();
    });
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.closed = true;
    await this.working;
    const { connected } = this;
    this.connected = null;
    if (!connected) return;
    await within(this.timeouts.requestMs, connected.producer.disconnect()).catch(() => {});
    connected.line.cut();
  }

  private async work(): Promise<void> {
    // What is published in the same turn goes together.
    await Promise.resolve();
    for (let turn = this.take(); turn.length > 0; turn = this.take()) {
      try {
        for (const messages of requests(turn)) await this.send(messages);
        for (const { resolve } of turn) resolve();
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const { reject } of [...turn, ...this.waiting.splice(0)]) reject(failure);
      }
    }
    this.working = null;
  }

  private take(): Waiting[] {
    let records = 0;
    let count = 0;
    while (count < this.waiting.length && records < mostRecords) {
      records += this.waiting[count]?.messages.length ?? 0;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private encode(record: LogRecord): Encoded {
    const { time } = record.value;
    return {
      key: record.key,
      value: Buffer.from(JSON.stringify(record.value)),
      headers: binaryHeaders(this.options.attributes(record)),
      // The event's own time, so that `positionsAt` can ask the brokers for it.
      ...(typeof time === 'number' ? { timestamp: String(Math.max(0, Math.floor(time))) } : {}),
    };
  }

  private async send(messages: Encoded[]): Promise<void> {
    const { publishMs } = this.timeouts;
    const deadline = Date.now() + publishMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      this.connected ??= this.open();
      const { connected } = this;
      try {
        await within(Math.max(1, deadline - Date.now()), this.request(connected, messages));
        return;
      } catch (error) {
        this.connected = null;
        connected.line.cut();
        if (Date.now() + pauseMs >= deadline || this.closed) {
          const what = `the records were not taken by the topic "${this.options.topic}" within ${publishMs} ms`;
          throw unavailable(what, error, connected.line.lastComplaint());
        }
        await pause(pauseMs);
      }
    }
  }

  private async request({ producer }: Connected, messages: Encoded[]): Promise<void> {
    // Does nothing when it is connected.
    await producer.connect();
    await producer.send({ topic: this.options.topic, acks: -1, timeout: this.timeouts.publishMs, messages });
  }

  private open(): Connected {
    const line = openLine(this.options, this.timeouts, this.options.logger);
    const producer = line.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    return { producer, line };
  }
}

/** The messages of a turn in requests of a size that the brokers take, in order. */
function* requests(turn: readonly Waiting[]): Generator<Encoded[]> {
  let request: Encoded[] = [];
  let bytes = 0;
  for (const message of turn.flatMap(({ messages }) => messages)) {
    const size = message.value.length + overheadBytes;
    if (request.length > 0 && bytes + size > mostBytes) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(message);
    bytes += size;
  }
  yield request;
}
