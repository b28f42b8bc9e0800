import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Consumer, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import type { LogBatch, LogReader, LogRecord, Reading } from '#libs/event-log';
import { eventually } from '../../../test/support/eventually.js';
import { KafkaEventLog } from './event-log.js';
import type { KafkaEventLogOptions } from './settings.js';

const brokers = (process.env.KAFKA_BROKERS ?? '').split(',').filter((broker) => broker !== '');
const settings = { partitions: 3, replicationFactor: 1 };

/** A reader that keeps its positions and remembers what it was given. */
class Remembering implements LogReader {
  readonly group = `group-${randomUUID()}`;
  readonly batches: LogBatch[] = [];
  readonly troubles: unknown[] = [];
  readonly positions = new Map<number, number>();
  before: (batch: LogBatch) => Promise<void> = async () => {};

  async startAt(partition: number) {
    return this.positions.get(partition) ?? null;
  }

  async handle(batch: LogBatch) {
    await this.before(batch);
    this.batches.push(batch);
    this.positions.set(batch.partition, batch.next);
  }

  onTrouble(error: unknown) {
    this.troubles.push(error);
  }

  numbers(key?: string) {
    const entries = this.batches.flatMap((batch) => batch.entries);
    return entries.filter((entry) => key === undefined || entry.key === key).map((entry) => entry.value?.number);
  }
}

(brokers.length === 0 ? describe.skip : describe)('Kafka', () => {
  const bare = new Kafka({ brokers: brokers.length === 0 ? ['none'] : brokers, logLevel: logLevel.NOTHING });
  const admin = bare.admin();
  const topics: string[] = [];
  const logs: KafkaEventLog[] = [];
  beforeAll(() => admin.connect());
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });
  afterAll(async () => {
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await admin.disconnect();
  });

  const optionsFor = (topic: string, more: Partial<KafkaEventLogOptions> = {}): KafkaEventLogOptions => ({
    brokers,
    clientId: 'kafka-spec',
    topic,
    attributes: ({ id, key, value }) => ({
      id,
      source: '/spec',
      type: 'spec.happened.v1',
      subject: key,
      ...(typeof value.time === 'number' ? { time: value.time } : {}),
    }),
    logger: { debug: () => {} },
    ...more,
  });
  const openLog = (topic: string, more: Partial<KafkaEventLogOptions> = {}) => {
    const log = new KafkaEventLog(optionsFor(topic, more));
    logs.push(log);
    return log;
  };
  const newTopic = () => {
    const topic = `kafka-spec-${randomUUID()}`;
    topics.push(topic);
    return topic;
  };
  const newLog = async (more: Partial<KafkaEventLogOptions> = {}) => {
    const log = openLog(newTopic(), more);
    await log.ensureTopic(settings);
    return log;
  };
  const record = (key: string, number: number, time = 1_000_000 + number): LogRecord => ({
    id: randomUUID(),
    key,
    value: { number, time },
  });
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  describe('given a published record', () => {
    it('when it is read with another client, then it is a CloudEvent in binary mode under its key and its own time', async () => {
      const topic = newTopic();
      const log = openLog(topic);
      await log.ensureTopic(settings);
      const published = record('ada', 1, Date.UTC(2024, 1, 3, 4, 5, 6, 789));
      await log.publish([published]);
      const message = await firstMessage(bare.consumer({ groupId: `bare-${randomUUID()}` }), topic);
      expect(message.key?.toString()).toBe('ada');
      expect(JSON.parse(String(message.value))).toEqual(published.value);
      expect(message.timestamp).toBe(String(published.value.time));
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      expect(Object.fromEntries(headers)).toEqual({
        ce_specversion: '1.0',
        ce_id: published.id,
        ce_source: '/spec',
        ce_type: 'spec.happened.v1',
        ce_subject: 'ada',
        ce_time: '2024-02-03T04:05:06.789Z',
        'content-type': 'application/json',
      });
    });

    it('when times of any size go together in one publish, then positions by time miss none of them', async () => {
      const log = await newLog();
      const times = [5_000_000, 999, 1_700_000_000_000, 70_000, 1_600_000_000_000, 1_700_000_000_001, 3];
      await log.publish(times.map((time, number) => record('ada', number, time)));
      await log.publish([record('ada', 99, 60_000)]);
      for (const since of times) {
        const reader = new Remembering();
        for (const [partition, position] of await log.positionsAt(since)) reader.positions.set(partition, position);
        const reading = await log.read(reader);
        await reading.caughtUp();
        const expected = [...times.keys()].filter((number) => (times[number] ?? 0) >= since);
        expect(reader.numbers('ada')).toEqual(expect.arrayContaining(expected));
        await reading.stop();
      }
    });

    it('when more is published at once than one request holds, then all of it is there in order', async () => {
      const log = await newLog();
      const padding = 'x'.repeat(1_000);
      const records = range(1, 3_000).map((number) => ({ ...record('ada', number), value: { number, padding } }));
      await Promise.all([log.publish(records.slice(0, 2_000)), log.publish(records.slice(2_000))]);
      const reader = new Remembering();
      await (await log.read(reader)).caughtUp();
      expect(reader.numbers()).toEqual(range(1, 3_000));
    });
  });

  describe('given a topic', () => {
    it('when it is made, then nothing is wrong with it, and making it again changes nothing', async () => {
      const log = await newLog();
      await log.ensureTopic({ ...settings, partitions: 5 });
      await expect(log.checkTopic(settings)).resolves.toEqual([]);
    });

    it('when it does not keep everything or has other partitions, then each is said in a sentence', async () => {
      const topic = newTopic();
      const configEntries = [
        { name: 'retention.ms', value: '604800000' },
        { name: 'cleanup.policy', value: 'compact,delete' },
      ];
      await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }] });
      const problems = await openLog(topic).checkTopic({ partitions: 12, replicationFactor: 3 });
      expect(problems).toEqual([
        expect.stringContaining('has 1 partitions and not 12'),
        expect.stringContaining('has 1 copies of a partition and not 3'),
        expect.stringContaining('has cleanup.policy=compact,delete and not delete'),
        expect.stringContaining('has retention.ms=604800000 and not -1'),
      ]);
    });

    it('when it cannot be made, then the reason is said', async () => {
      const impossible = openLog(`kafka-spec-impossible-${randomUUID()}`).ensureTopic({
        partitions: 1,
        replicationFactor: 5,
      });
      await expect(impossible).rejects.toMatchObject({
        message: expect.stringContaining('Replication-factor is invalid'),
      });
    });

    it('when an event is ahead of the brokers by hours, then it is taken', async () => {
      const log = await newLog();
      await log.publish([record('ada', 1, Date.now() + 5 * 3_600_000)]);
    });

    it('when it is missing, then that is said, and publishing fails within its time limit', async () => {
      const log = openLog(`kafka-spec-missing-${randomUUID()}`, { timeouts: { publishMs: 1_500 } });
      await expect(log.checkTopic(settings)).resolves.toEqual([expect.stringContaining('does not exist')]);
      const begun = Date.now();
      await expect(log.publish([record('ada', 1)])).rejects.toMatchObject({
        code: 'log-unavailable',
        message: expect.stringContaining('does not host this topic-partition'),
      });
      expect(Date.now() - begun).toBeLessThan(4_000);
    });
  });

  describe('given a reader', () => {
    it('when one partition keeps failing, then the others go on', async () => {
      const log = await newLog();
      const keys = range(1, 30).map((number) => `key-${number}`);
      await log.publish(keys.map((key, number) => record(key, number)));
      const reader = new Remembering();
      const failing = 1;
      reader.before = async ({ partition }) => {
        if (partition === failing) throw new Error('not this one');
      };
      await log.read(reader);
      const ends = await log.ends();
      await eventually(() =>
        [...ends].every(([partition, end]) => partition === failing || reader.positions.get(partition) === end),
      );
      await log.publish(keys.map((key, number) => record(key, number)));
      const later = await log.ends();
      await eventually(() =>
        [...later].every(([partition, end]) => partition === failing || reader.positions.get(partition) === end),
      );
      expect(reader.positions.has(failing)).toBe(false);
    });

    it('when a batch takes longer than the session, then the partition stays here and is read once', async () => {
      const log = await newLog({ timeouts: { sessionMs: 6_000 } });
      await log.publish(range(1, 5).map((number) => record('ada', number)));
      const reader = new Remembering();
      reader.before = () => new Promise((resolve) => setTimeout(resolve, 8_000));
      const reading = await log.read(reader);
      await reading.caughtUp();
      expect(reader.numbers()).toEqual(range(1, 5));
      expect(reader.troubles).toEqual([]);
    });

    it('when its position is beyond the log, then that is told and it reads from the beginning', async () => {
      const log = await newLog();
      await log.publish([record('ada', 1)]);
      const reader = new Remembering();
      for (const partition of (await log.ends()).keys()) reader.positions.set(partition, 1_000);
      const reading = await log.read(reader);
      await reading.caughtUp();
      expect(reader.numbers()).toEqual([1]);
      expect(reader.troubles[0]).toMatchObject({ message: expect.stringContaining('position 1000') });
    });

    it('when the beginning of the log was deleted, then it reads from what is left', async () => {
      const topic = newTopic();
      const log = openLog(topic);
      await log.ensureTopic({ partitions: 1, replicationFactor: 1 });
      await log.publish(range(1, 10).map((number) => record('ada', number)));
      // kafkajs' admin must have asked about the topic before.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] });
      const reader = new Remembering();
      await (await log.read(reader)).caughtUp();
      expect(reader.numbers()).toEqual(range(5, 10));
    });

    it('when it stops, then the group knows how far it was', async () => {
      const topic = newTopic();
      const log = openLog(topic);
      await log.ensureTopic(settings);
      await log.publish(range(1, 20).map((number) => record(`key-${number}`, number)));
      const reader = new Remembering();
      const reading = await log.read(reader);
      await reading.caughtUp();
      await reading.stop();
      const [committed] = await admin.fetchOffsets({ groupId: reader.group, topics: [topic] });
      for (const { partition, offset } of committed?.partitions ?? []) {
        expect(Number(offset)).toBe((await log.ends()).get(partition));
      }
      expect(committed?.partitions).toHaveLength(settings.partitions);
    });

    it('when partitions come and go between three readers of a group, then every key is read in order and none is missed', async () => {
      const log = await newLog();
      const shared = { group: `group-${randomUUID()}`, positions: new Map<number, number>(), batches: [] };
      const reading = new Set<LogReader>();
      const readers = range(1, 3).map(() => {
        const reader = Object.assign(new Remembering(), shared);
        reader.before = async () => void reading.add(reader);
        return reader;
      });
      const keys = range(1, 12).map((number) => `key-${number}`);
      let written = 0;
      let writing = true;
      const writer = (async () => {
        while (writing) {
          written += 1;
          await log.publish(keys.map((key) => record(key, written)));
        }
      })();
      const readings: Reading[] = [];
      for (const reader of readers) {
        readings.push(await openLog(topics.at(-1) ?? '').read(reader));
        await eventually(() => reading.has(reader), 25_000);
      }
      await readings[0]?.stop();
      reading.clear();
      await eventually(() => reading.size === 2, 25_000);
      writing = false;
      await writer;
      const ends = await log.ends();
      await eventually(
        () => [...ends].every(([partition, end]) => (shared.positions.get(partition) ?? 0) >= end),
        25_000,
      );
      for (const key of keys) expect([...new Set(readers[0]?.numbers(key))]).toEqual(range(1, written));
    });
  });
});

async function firstMessage(consumer: Consumer, topic: string): Promise<KafkaMessage> {
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const message = await new Promise<KafkaMessage>((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message) }).catch(reject);
  });
  await consumer.disconnect();
  return message;
}
