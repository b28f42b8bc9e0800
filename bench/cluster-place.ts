import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { MongoClient } from 'mongodb';
import { type Config, readConfig, requireCluster } from '#libs/platform';

// Node finds only some of this CommonJS module's exports by name.
const { Kafka, logLevel } = kafkajs;

/** A topic, a database and names in Redis of one run's own, on the servers that the environment names. */
export interface Place {
  /** What every program on it is told. */
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  /** The URI of another database that is removed with the place. */
  mongoUri(name: string): string;
  /** Removes all that was made. */
  clear(): Promise<void>;
}

/** @throws ConfigurationInvalid when the environment does not name the three servers. */
export function openPlace(more: Readonly<Record<string, string>> = {}): Place {
  const name = `portcullis-bench-${randomBytes(4).toString('hex')}`;
  const server = new URL(process.env.MONGODB_URI ?? 'mongodb://unset');
  const mongoUri = (database: string) => Object.assign(new URL(server), { pathname: `/${name}-${database}` }).href;
  const env: Readonly<Record<string, string>> = {
    PORTCULLIS_STORAGE: 'cluster',
    KAFKA_BROKERS: process.env.KAFKA_BROKERS ?? '',
    KAFKA_TOPIC: name,
    KAFKA_REPLICATION: process.env.KAFKA_REPLICATION ?? '1',
    MONGODB_URI: process.env.MONGODB_URI === undefined ? '' : mongoUri('documents'),
    REDIS_URL: process.env.REDIS_URL ?? '',
    REDIS_PREFIX: `${name}:`,
    LOG_FORMAT: 'json',
    ...more,
  };
  const config = readConfig(env);
  requireCluster(config, ['KAFKA_BROKERS', 'MONGODB_URI', 'REDIS_URL']);
  return {
    env,
    config,
    mongoUri,
    clear: async () => {
      await Promise.all([clearTopics(config), clearDatabases(server.href, name), clearKeys(config)]);
    },
  };
}

async function clearTopics({ KAFKA_BROKERS, KAFKA_TOPIC }: Config): Promise<void> {
  const admin = new Kafka({ brokers: [...KAFKA_BROKERS], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(KAFKA_TOPIC));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  await admin.disconnect();
}

async function clearDatabases(uri: string, beginning: string): Promise<void> {
  const client = new MongoClient(uri);
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
  for (const { name } of databases) if (name.startsWith(beginning)) await client.db(name).dropDatabase();
  await client.close();
}

async function clearKeys({ REDIS_URL, REDIS_PREFIX }: Config): Promise<void> {
  const redis = new Redis(REDIS_URL);
  for await (const keys of redis.scanStream({ match: `${REDIS_PREFIX}*`, count: 1_000 })) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
  redis.disconnect();
}
