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
import { type HealthServer, openHealthServer } from './health-server.js';
import { openProjector } from './open-projector.js';
import { parkedCloudEvent } from './parking.js';
import type { Projector } from './projector.js';

/** A projector on cluster storage. */
export interface ProjectorProgram extends Running {
  readonly health: HealthServer;
}

const lifeEveryMs = 10_000;

/**
 * Waits for MongoDB, Kafka and Redis, looks at how they are set up, and follows the log. Any of them may go away
 * afterwards: it waits. @throws ConfigurationInvalid, PortUnavailable, ServerUnfit
 */
export async function assembleProjector(config: Config, logger: Logger): Promise<ProjectorProgram> {
  requireCluster(config, ['MONGODB_URI', 'KAFKA_BROKERS', 'REDIS_URL']);
  return await closingOnFailure((closers) => assemble(config, logger, closers));
}

async function assemble(config: Config, logger: Logger, closers: Closers): Promise<ProjectorProgram> {
  const now = Date.now;
  const metrics = createMetrics();
  const documents = closers.add(new MongoDocuments(mongoSettings(config)));
  const kafka = kafkaSettings(config, 'projector', logger);
  const log = closers.add(new KafkaEventLog({ ...kafka, topic: config.KAFKA_TOPIC, attributes: cloudEventOf }));
  const parkedTopic = `${config.KAFKA_TOPIC}.parked`;
  const parked = closers.add(new KafkaEventLog({ ...kafka, topic: parkedTopic, attributes: parkedCloudEvent }));
  let lifeMs = revocationLifeMs(config.ACCESS_TOKEN_TTL, config);
  const revocations = closers.add(new RedisRevocations({ ...redisSettings(config, logger), lifeMs: () => lifeMs }));
  const topic = topicSettings(config);
  const where = { host: config.HOST, port: config.PROJECTOR_PORT, setting: 'PROJECTOR_PORT' };
  const servers = [
    neededServer('MongoDB', () => documents.checkServer(), logger),
    neededServer(
      'Kafka',
      async () => {
        await log.ensureTopic(topic);
        await parked.ensureTopic(topic);
        return { refusals: await log.checkTopic(topic), warnings: [] };
      },
      logger,
    ),
    neededServer('Redis', () => revocations.checkServer(), logger),
  ];
  await waitForServers(servers, where, logger);

  // It lives while it catches up, which takes 10 seconds or more where another one has died: it is not ready yet.
  let projector: Projector | null = null;
  const check = async () => {
    if (projector === null) throw new Error('the log is being read');
    await projector.check.check();
  };
  const health = closers.add(
    await openHealthServer(where, { checks: [{ name: 'projector', check }], registry: metrics.registry }),
  );

  // A life that grows while we run is that of tokens from now on: it is learned soon enough.
  const accessLives = await AccessLives.open(documents, now);
  const learn = async () => {
    lifeMs = revocationLifeMs(Math.max(config.ACCESS_TOKEN_TTL, await accessLives.longest()), config);
  };
  await learn();
  const learning = setInterval(() => {
    learn().catch((error: unknown) => logger.warn({ err: error }, 'the longest token life could not be read'));
  }, lifeEveryMs);
  closers.add({ close: () => clearInterval(learning) });
  const store = await EventStore.open(documents, { now, relayed: true });
  const opened = await openProjector({
    config,
    logger,
    metrics,
    now,
    documents,
    store,
    revocations,
    log,
    parked,
    lifeMs: () => lifeMs,
  });
  closers.add({ close: () => opened.stop() });
  projector = opened;
  return { health, close: () => closers.close() };
}
