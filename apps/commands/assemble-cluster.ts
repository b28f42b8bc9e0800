import type { CreatedAdminKey } from '#libs/accounts';
import { MongoDocuments, mongoSettings } from '#libs/documents/mongodb';
import { KafkaEventLog, kafkaSettings, topicSettings } from '#libs/event-log/kafka';
import { cloudEventOf, EventStore } from '#libs/event-store';
import {
  type Closers,
  type Config,
  closingOnFailure,
  createMetrics,
  type Logger,
  neededServer,
  type Running,
  requireCluster,
  revocationLifeMs,
  waitForServers,
} from '#libs/platform';
import { AccessLives } from '#libs/revocations';
import { RedisRevocations, redisSettings } from '#libs/revocations/redis';
import type { Control } from './control.js';
import { openControl } from './open-control.js';
import { startRelay } from './relay/relay.js';

/** The control API and its relay, on cluster storage. */
export interface Commands extends Running {
  readonly control: Control;
  readonly firstKey: CreatedAdminKey | null;
}

/**
 * Waits for MongoDB, Kafka and Redis, looks at how they are set up, and starts the control API on them. Kafka and Redis
 * may go away afterwards: commands are accepted all the same. @throws ConfigurationInvalid, PortUnavailable, ServerUnfit
 */
export async function assembleCommands(config: Config, logger: Logger): Promise<Commands> {
  requireCluster(config, ['MONGODB_URI', 'KAFKA_BROKERS', 'REDIS_URL']);
  return await closingOnFailure((closers) => assemble(config, logger, closers));
}

async function assemble(config: Config, logger: Logger, closers: Closers): Promise<Commands> {
  const now = Date.now;
  const metrics = createMetrics();
  const documents = closers.add(new MongoDocuments(mongoSettings(config)));
  const log = closers.add(
    new KafkaEventLog({
      ...kafkaSettings(config, 'commands', logger),
      topic: config.KAFKA_TOPIC,
      attributes: cloudEventOf,
    }),
  );
  let lifeMs = revocationLifeMs(config.ACCESS_TOKEN_TTL, config);
  const revocations = closers.add(new RedisRevocations({ ...redisSettings(config, logger), lifeMs: () => lifeMs }));
  const topic = topicSettings(config);
  const where = { host: config.HOST, port: config.CONTROL_PORT, setting: 'CONTROL_PORT' };
  const servers = [
    neededServer('MongoDB', () => documents.checkServer(), logger),
    neededServer(
      'Kafka',
      async () => {
        await log.ensureTopic(topic);
        return { refusals: await log.checkTopic(topic), warnings: [] };
      },
      logger,
    ),
    neededServer('Redis', () => revocations.checkServer(), logger),
  ];
  await waitForServers(servers, where, logger);

  const accessLives = await AccessLives.open(documents, now);
  await accessLives.inUse(config.ACCESS_TOKEN_TTL);
  lifeMs = revocationLifeMs(await accessLives.longest(), config);
  const store = await EventStore.open(documents, { now, relayed: true });
  const relay = await startRelay({ store, documents, log, logger, metrics, now });
  closers.add({ close: () => relay.stop() });
  const seams = { config, logger, metrics, now, documents, store, revocations, soleProcess: false, checks: [] };
  const { control, firstKey } = await openControl(seams);
  closers.add(control);
  if (config.ADMIN_API_KEY !== null) await firstKey();
  await control.listen();
  return { control, firstKey: await firstKey(), close: () => closers.close() };
}
