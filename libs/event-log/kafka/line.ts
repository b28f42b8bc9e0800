import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type ISocketFactoryArgs, Kafka, logLevel, type SASLOptions } from 'kafkajs';
import type { KafkaConnection, KafkaCredentials, KafkaLogger, KafkaTimeouts } from './settings.js';

/** A kafkajs client that can be ended for good. */
export interface Line {
  readonly kafka: Kafka;
  /** The last thing that kafkajs complained of, for the message of an error that says only "too late". */
  readonly lastComplaint: () => string | null;
  /** Breaks all connections, and lets no new one be made: what kafkajs still tries then fails at once. */
  cut(): void;
}

/**
 * kafkajs nests its retries (a send retries connecting, which retries too: issue 698), so few are enough. All fields
 * are given, since its defaults are others when NODE_ENV is `test`.
 */
const retry = { retries: 3, initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 500 };

const keepAliveMs = 60_000;

/**
 * Opens nothing yet. One line for each producer, consumer and admin, because
 * - kafkajs cannot break a connection by force (issue 571): whoever was given up goes on retrying, reconnects, and may
 *   write what it held long after its caller was told that it failed. Its sockets are therefore ours;
 * - consumers of one kafkajs client and one group share their committed offsets (`cluster.committedOffsets`) and clear
 *   them for each other.
 */
export function openLine(connection: KafkaConnection, timeouts: KafkaTimeouts, logger: KafkaLogger): Line {
  const sockets = new Set<Socket>();
  let complaint: string | null = null;
  let isCut = false;
  const { brokers, clientId, tls, sasl } = connection;
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls === undefined || tls === false ? {} : { ssl: tls === true ? {} : tls }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    connectionTimeout: timeouts.connectMs,
    authenticationTimeout: timeouts.requestMs,
    requestTimeout: timeouts.requestMs,
    retry,
    // kafkajs logs each try that fails as an error, and some twice (issue 1457).
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry.log;
      if (entry.level === logLevel.ERROR) complaint = complaintOf(message, fields.error);
      logger.debug({ ...fields, kafkajs: entry.namespace, severity: entry.label }, message);
    },
    socketFactory: (wanted) => {
      if (isCut) throw new Error('this client was given up');
      const socket = openSocket(wanted);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    lastComplaint: () => complaint,
    cut: () => {
      isCut = true;
      // With an error, since kafkajs does not listen to 'close' and would wait for its answers for ever.
      for (const socket of sockets) socket.destroy(new Error('this client was given up'));
    },
  };
}

/** Of a broker's refusal, kafkajs logs the reason beside the message. */
function complaintOf(message: string, reason: unknown): string {
  return typeof reason === 'string' ? `${message}: ${reason}` : message;
}

/** As kafkajs opens them, but small requests are not held back (Nagle). */
function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const socket = isTls(ssl)
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connect({ host, port }, onConnect);
  return socket.setKeepAlive(true, keepAliveMs).setNoDelay(true);
}

/** kafkajs types this as if TLS were always on; without it, it is null. */
function isTls(ssl: ConnectionOptions | null): ssl is ConnectionOptions {
  return ssl !== null && typeof ssl === 'object';
}

function saslOf({ mechanism, username, password }: KafkaCredentials): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}
