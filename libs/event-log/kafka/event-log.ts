import type { EventLog, LogReader, LogRecord, Positions, Reading } from '../event-log.js';
import { Publisher } from './publisher.js';
import { Questions } from './questions.js';
import { type Bounds, KafkaReading } from './reading.js';
import { defaultTimeouts, type KafkaEventLogOptions, type KafkaTimeouts } from './settings.js';
import { ensureTopic, problemsOf, type TopicSettings } from './topic.js';

/**
 * The log that is a Kafka topic. Nothing is connected before it is needed; a cluster that is out of reach makes
 * publishing and questions reject, while readings wait and go on by themselves.
 */
export class KafkaEventLog implements EventLog {
  private readonly timeouts: KafkaTimeouts;
  private readonly publisher: Publisher;
  private readonly questions: Questions;
  private readonly readings = new Set<Reading>();

  constructor(private readonly options: KafkaEventLogOptions) {
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.publisher = new Publisher(options, this.timeouts);
    this.questions = new Questions(options, this.timeouts);
  }

  publish(records: readonly LogRecord[]): Promise<void> {
    return this.publisher.publish(records);
  }

  /** Resolves at once: joining the group goes on behind it, and is tried again for as long as the cluster is away. */
  async read(reader: LogReader): Promise<Reading> {
    const reading: Reading = new KafkaReading({
      options: this.options,
      timeouts: this.timeouts,
      reader,
      bounds: () => this.bounds(),
      onStop: () => this.readings.delete(reading),
    });
    this.readings.add(reading);
    return reading;
  }

  async ends(): Promise<Positions> {
    return new Map([...(await this.bounds())].map(([partition, { high }]) => [partition, high]));
  }

  /** Exact, since each record has its event's time as its own, and the brokers find the first one of a time or later. */
  positionsAt(time: number): Promise<Positions> {
    const { topic } = this.options;
    return this.questions.ask(`positions of "${topic}" by time`, async (admin) => {
      const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(time)));
      return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
    });
  }

  async ping(): Promise<void> {
    const { topic } = this.options;
    await this.questions.ask(`the topic "${topic}"`, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  }

  /** Makes the topic if it is missing: events are kept for ever. @throws LogUnavailable */
  async ensureTopic(settings: TopicSettings): Promise<void> {
    const { topic } = this.options;
    await this.questions.ask(`making the topic "${topic}"`, (admin) => ensureTopic(admin, topic, settings));
  }

  /** What is wrong with the topic, in plain sentences; empty when nothing is. @throws LogUnavailable */
  checkTopic(settings: TopicSettings): Promise<string[]> {
    const { topic } = this.options;
    return this.questions.ask(`the settings of the topic "${topic}"`, (admin) => problemsOf(admin, topic, settings));
  }

  async close(): Promise<void> {
    await Promise.all([...this.readings].map((reading) => reading.stop()));
    await this.publisher.close();
    await this.questions.close();
  }

  private bounds(): Promise<ReadonlyMap<number, Bounds>> {
    const { topic } = this.options;
    return this.questions.ask(`the bounds of "${topic}"`, async (admin) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
    });
  }
}
