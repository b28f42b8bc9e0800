import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type IHeaders, type Message } from 'kafkajs';

// Node finds only some of this CommonJS module's exports by name.
const { Kafka, logLevel, Partitioners } = kafkajs;

/** An entry as it lies on a topic. */
export interface TopicEntry {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly headers: IHeaders;
}

/** A topic, spoken to past every adapter of Portcullis. */
export class RawTopic {
  readonly #kafka: InstanceType<typeof Kafka>;

  constructor(
    brokers: string,
    readonly name: string,
  ) {
    this.#kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 30 } });
  }

  /** Everything that is on it, in order within each partition. */
  async read(): Promise<TopicEntry[]> {
    const bounds = await this.bounds();
    const unread = new Set([...bounds].filter(([, { low, high }]) => high > low).map(([partition]) => partition));
    const entries: TopicEntry[] = [];
    if (unread.size === 0) return entries;
    const consumer = this.#kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: this.name, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ partition, message }: { partition: number; message: RawMessage }) => {
        entries.push(entryOf(partition, message));
        if (Number(message.offset) + 1 >= (bounds.get(partition)?.high ?? 0)) unread.delete(partition);
        if (unread.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return entries;
  }

  async publish(messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    await producer.send({ topic: this.name, acks: -1, messages: [...messages] });
    await producer.disconnect();
  }

  /** Where each partition begins and ends. */
  async bounds(): Promise<ReadonlyMap<number, { readonly low: number; readonly high: number }>> {
    return this.admin(async (admin) => {
      const offsets = await admin.fetchTopicOffsets(this.name);
      return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
    });
  }

  /** How far a group says that it has read, for each partition. */
  async committed(groupId: string): Promise<ReadonlyMap<number, number>> {
    return this.admin(async (admin) => {
      const [topic] = await admin.fetchOffsets({ groupId, topics: [this.name] });
      return new Map(topic?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    });
  }

  async admin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

interface RawMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: IHeaders | undefined;
}

function entryOf(partition: number, { offset, key, value, headers = {} }: RawMessage): TopicEntry {
  return { partition, offset: Number(offset), key: String(key), value: String(value), headers };
}
