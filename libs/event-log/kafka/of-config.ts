import type { Config, Logger } from '#libs/platform';
import type { KafkaCredentials, KafkaEventLogOptions } from './settings.js';
import type { TopicSettings } from './topic.js';

/** How the log of a topic is reached, by the settings; `program` is what the brokers see. */
export function kafkaSettings(
  config: Config,
  program: string,
  logger: Logger,
): Omit<KafkaEventLogOptions, 'topic' | 'attributes'> {
  const { KAFKA_SASL: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = config;
  const sasl: KafkaCredentials | null = mechanism === 'none' ? null : { mechanism, username, password };
  return {
    brokers: config.KAFKA_BROKERS,
    clientId: `portcullis-${program}`,
    tls: config.KAFKA_TLS,
    ...(sasl ? { sasl } : {}),
    logger,
    timeouts: { publishMs: config.KAFKA_TIMEOUT, requestMs: config.KAFKA_TIMEOUT },
  };
}

/** What the topic must be, by the settings; -1 leaves the number of copies to the brokers. */
export function topicSettings(config: Config): TopicSettings {
  return { partitions: config.KAFKA_PARTITIONS, replicationFactor: config.KAFKA_REPLICATION || -1 };
}
