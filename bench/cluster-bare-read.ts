import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';

// Node finds only some of this CommonJS module's exports by name.
const { Kafka, logLevel } = kafkajs;

/**
 * Reads a whole topic with kafkajs, batch by batch, and does nothing with it: what a projection is compared with. A process
 * of its own: `node dist/bench/cluster-bare-read.js <brokers> <topic>` prints how long it took from joining the group, in
 * ms, and how many entries there were.
 */
const [brokers = '', topic = ''] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
await admin.disconnect();
const unread = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));

const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 250 });
const began = performance.now();
let entries = 0;
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await new Promise<void>((resolve, reject) => {
  const eachBatch = async ({ batch }: { batch: { partition: number; messages: unknown[]; lastOffset(): string } }) => {
    entries += batch.messages.length;
    if (Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0)) unread.delete(batch.partition);
    if (unread.size === 0) resolve();
  };
  consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 12, eachBatch }).catch(reject);
});
process.stdout.write(`${JSON.stringify({ ms: performance.now() - began, entries })}\n`);
await consumer.disconnect();
