import { randomUUID } from 'node:crypto';
import { describe } from '@jest/globals';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { KafkaEventLog, type KafkaEventLogOptions } from '#libs/event-log/kafka';
import { describeEventLog } from './event-log.contract.js';

const brokers = (process.env.KAFKA_BROKERS ?? '').split(',').filter((broker) => broker !== '');

if (brokers.length === 0) describe.skip('event log on Kafka (KAFKA_BROKERS names none)', () => {});
else {
  describeEventLog('Kafka', async () => {
    const options: KafkaEventLogOptions = {
      brokers,
      clientId: 'contract',
      topic: `contract-${randomUUID()}`,
      attributes: ({ id }) => ({ id, source: '/contract', type: 'contract' }),
      logger: { debug: () => {} },
    };
    const logs: KafkaEventLog[] = [];
    const open = () => {
      const log = new KafkaEventLog(options);
      logs.push(log);
      return log;
    };
    const log = open();
    await log.ensureTopic({ partitions: 4, replicationFactor: 1 });
    const bare = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const producer = bare.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return {
      log,
      secondHandle: async () => open(),
      injectPoison: async (key) => {
        await producer.send({ topic: options.topic, messages: [{ key, value: 'no JSON {' }] });
      },
      close: async () => {
        await producer.disconnect();
        await Promise.all(logs.map((each) => each.close()));
        const admin = bare.admin();
        await admin.connect();
        await admin.deleteTopics({ topics: [options.topic] });
        await admin.disconnect();
      },
    };
  });
}
