import { bool, port, str } from 'envalid';
import { duration, list, serviceUrl, textLike, uriOf, urlOf, whole } from './validators.js';

/** Settings of cluster storage: the servers, how to reach them, and what the programs beside the control API need. */
export const clusterSettings = {
  MONGODB_URI: uriOf(
    'mongodb',
    'mongodb+srv',
  )({ default: '', desc: 'cluster: where MongoDB is; any URI of its driver, with the database' }),
  MONGODB_POOL: whole(1, 1_000)({ default: 50, desc: 'cluster: the most connections to MongoDB of one process' }),
  MONGODB_TIMEOUT: duration('100ms', '1m')({ default: 2_000, desc: 'cluster: how long an operation may take' }),
  KAFKA_BROKERS: list({ default: [], desc: 'cluster: Kafka brokers, `host:port`, comma-separated' }),
  KAFKA_TOPIC: textLike(
    /^[a-zA-Z0-9._-]{1,200}$/,
    'a topic name',
  )({
    default: 'portcullis.user-events',
    desc: 'cluster: the topic of all events; parked ones go to the same name with `.parked`',
  }),
  KAFKA_PARTITIONS: whole(1, 1_000)({ default: 12, desc: 'cluster: partitions of the topic when it is made here' }),
  KAFKA_REPLICATION: whole(
    0,
    10,
  )({ default: 0, desc: "cluster: its replication factor when it is made here; 0 is the brokers' default" }),
  KAFKA_TLS: bool({ default: false, desc: 'cluster: speak TLS to Kafka' }),
  KAFKA_SASL: str({
    choices: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    default: 'none',
    desc: 'cluster: how to sign in to Kafka',
  }),
  KAFKA_USERNAME: str({ default: '', desc: 'cluster: the user for KAFKA_SASL' }),
  KAFKA_PASSWORD: str({ default: '', desc: 'cluster: the password for KAFKA_SASL' }),
  KAFKA_TIMEOUT: duration('500ms', '1m')({ default: 5_000, desc: 'cluster: how long Kafka may take to take an event' }),
  REDIS_URL: urlOf(
    'redis',
    'rediss',
  )({
    default: '',
    desc: 'cluster: where Redis is, `rediss://` for TLS, with user, password and database; with Sentinel, only these are read from it',
  }),
  REDIS_SENTINELS: list({ default: [], desc: 'cluster: Redis Sentinels, `host:port`, comma-separated' }),
  REDIS_SENTINEL_NAME: str({ default: '', desc: 'cluster: the name of the master that the Sentinels watch' }),
  REDIS_SENTINEL_PASSWORD: str({ default: '', desc: 'cluster: the password of the Sentinels themselves' }),
  REDIS_TIMEOUT: duration('50ms', '30s')({ default: 500, desc: 'cluster: how long a command to Redis may take' }),
  REDIS_PREFIX: textLike(
    /^[\w:.-]{0,64}$/,
    'a key prefix',
  )({ default: 'portcullis:', desc: 'cluster: what every key in Redis begins with' }),
  JWKS_URL: serviceUrl({
    default: '',
    desc: 'cluster: where edges fetch the public keys; TOKEN_ISSUER with `/.well-known/jwks.json` when empty',
  }),
  PROJECTIONS: str({
    choices: ['all', 'revocations'],
    default: 'all',
    desc: 'cluster: what a projector keeps up to date; `revocations` in regions that have a Redis of their own and no more',
  }),
  REGION: textLike(
    /^[a-z0-9-]{0,32}$/,
    'a region name of small letters, digits and -',
  )({
    default: '',
    desc: 'cluster: names the region of this Redis, so that each region follows the log by itself',
  }),
  PROJECTOR_PORT: port({ default: 7302, desc: "cluster: the projector's health and metrics" }),
};
