import kafkajs, { type Admin } from 'kafkajs';

// Node finds only some of this CommonJS module's exports by name.
const { ConfigResourceTypes, KafkaJSAggregateError, KafkaJSProtocolError } = kafkajs;

/** What the topic of a log must be. */
export interface TopicSettings {
  /** Adding some later breaks the order of a key's events, so there are enough from the start. */
  readonly partitions: number;
  /** Copies of each partition: 3 in production, 1 where there is one broker, -1 for what the brokers have by default. */
  readonly replicationFactor: number;
}

export const defaultPartitions = 12;

/** Kept for ever, and each record under the time of its event. */
const required: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
};

/**
 * Brokers from 3.6 on refuse a record that is this far ahead of their clock, by default an hour: one process with a wrong
 * clock would then hold up the events of all. Older brokers do not know it.
 */
const tolerant: Readonly<Record<string, string>> = { 'message.timestamp.after.max.ms': '9223372036854775807' };

/** Requests are made for the brokers' default, 1 MiB. */
const leastMessageBytes = 1_000_000;

const why: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compaction drops events',
  'retention.ms': 'events older than that are deleted, and the history must be kept for ever',
  'retention.bytes': 'events beyond that are deleted, and the history must be kept for ever',
  'message.timestamp.type': 'positions by time are then those of the brokers, not of the events',
};

/** Makes the topic if it is missing. One that exists is left as it is: see {@link problemsOf}. */
export async function ensureTopic(admin: Admin, topic: string, settings: TopicSettings): Promise<void> {
  const { replicationFactor: copies } = settings;
  const known = { ...required, ...(copies > 0 ? { 'min.insync.replicas': String(leastInSync(copies)) } : {}) };
  try {
    await create(admin, topic, settings, { ...known, ...tolerant });
  } catch (error) {
    if (!(error instanceof KafkaJSProtocolError && error.type === 'INVALID_CONFIG')) throw error;
    await create(admin, topic, settings, known);
  }
}

async function create(
  admin: Admin,
  topic: string,
  { partitions, replicationFactor }: TopicSettings,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }] });
  } catch (error) {
    // The reasons for all topics together, under a message that names none; ours is one topic.
    throw error instanceof KafkaJSAggregateError ? (error.errors[0] ?? error) : error;
  }
}

/** What is wrong with an existing topic, a sentence for each; empty when nothing is. */
export async function problemsOf(admin: Admin, topic: string, settings: TopicSettings): Promise<string[]> {
  const known = await admin.listTopics();
  if (!known.includes(topic)) return [`the topic "${topic}" does not exist`];
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
  const config = await configOf(admin, topic);
  const problems: string[] = [];
  if (partitions.length !== settings.partitions) {
    problems.push(
      `the topic "${topic}" has ${partitions.length} partitions and not ${settings.partitions}; ` +
        'changing the count breaks the order of the events of a user, so make a new topic or change the setting',
    );
  }
  const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
  if (copies < settings.replicationFactor) {
    problems.push(`the topic "${topic}" has ${copies} copies of a partition and not ${settings.replicationFactor}`);
  }
  for (const [name, wanted] of Object.entries(required)) {
    const value = config.get(name);
    if (value !== undefined && value !== wanted) {
      problems.push(`the topic "${topic}" has ${name}=${value} and not ${wanted}: ${why[name]}`);
    }
  }
  const messageBytes = Number(config.get('max.message.bytes') ?? leastMessageBytes);
  if (messageBytes < leastMessageBytes) {
    problems.push(
      `the topic "${topic}" has max.message.bytes=${messageBytes}, less than ${leastMessageBytes}: requests would be refused`,
    );
  }
  const inSync = Number(config.get('min.insync.replicas') ?? 1);
  const least = leastInSync(copies);
  if (inSync < least) {
    problems.push(
      `the topic "${topic}" has min.insync.replicas=${inSync} and not ${least}: ` +
        'an event may be acknowledged with one copy alone, and lost with it',
    );
  }
  return problems;
}

/** With three copies one may be away, and an event is still in two places when it is acknowledged. */
function leastInSync(copies: number): number {
  return copies > 2 ? 2 : 1;
}

async function configOf(admin: Admin, topic: string): Promise<ReadonlyMap<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(
    resources.flatMap(({ configEntries }) =>
      configEntries.map(({ configName, configValue }) => [configName, configValue]),
    ),
  );
}
