import type { ConnectionOptions } from 'node:tls';
import type { LogRecord } from '../event-log.js';
import type { CloudEventAttributes } from './cloud-event.js';

/** Where the cluster is, and who asks. */
export interface KafkaConnection {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  /** What the brokers call this process in their logs and quotas. */
  readonly clientId: string;
  /** `true` trusts the system's authorities. */
  readonly tls?: ConnectionOptions | boolean;
  readonly sasl?: KafkaCredentials;
}

export interface KafkaCredentials {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What a {@link KafkaEventLog} is made of. */
export interface KafkaEventLogOptions extends KafkaConnection {
  readonly topic: string;
  /** What a record's headers say about it. Pure: the same record always has the same attributes. */
  readonly attributes: (record: LogRecord) => CloudEventAttributes;
  readonly logger: KafkaLogger;
  readonly timeouts?: Partial<KafkaTimeouts>;
}

export interface KafkaTimeouts {
  /** Until a connection counts as failed. */
  readonly connectMs: number;
  /** Until a broker's answer counts as missing, and until a question (`ends`, `ping`, ...) is given up. */
  readonly requestMs: number;
  /** Until a publish that has its turn is given up; one that waits behind it fails with it. */
  readonly publishMs: number;
  /**
   * Until the group takes the partitions of a process that died, and until one that lost its broker is let in again:
   * to the group it is somebody new. The brokers allow 6 s at the least.
   */
  readonly sessionMs: number;
  /** How long the group waits for a process that is busy with a batch, before it goes on without it. */
  readonly rebalanceMs: number;
  /** How long a broker holds back its answer while there is nothing to read. Orders to start over wait for it, too. */
  readonly fetchWaitMs: number;
}

export const defaultTimeouts: KafkaTimeouts = {
  connectMs: 3_000,
  requestMs: 5_000,
  publishMs: 5_000,
  sessionMs: 6_000,
  rebalanceMs: 30_000,
  fetchWaitMs: 250,
};

/** The part of a pino logger that is used. What matters is told by rejections and `onTrouble`, so it is all at debug. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
}
