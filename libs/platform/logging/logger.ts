import { type DestinationStream, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config/config.js';

export type { Logger } from 'pino';

/** Names under which a secret could be logged by mistake; their values are replaced. */
const secretNames = [
  'password',
  'token',
  'access_token',
  'refresh_token',
  'authorization',
  'key',
  'secret',
  'adminKey',
];

/** The process' logger: JSON lines on stdout, or pretty for people. */
export function createLogger(
  config: Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT'>,
  destination?: DestinationStream,
): Logger {
  const pretty = config.LOG_FORMAT === 'pretty' || (config.LOG_FORMAT === 'auto' && process.stdout.isTTY);
  return pino(
    {
      level: config.LOG_LEVEL,
      base: null,
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination ??
      (pretty
        ? PinoPretty({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true })
        : pino.destination({ sync: false, minLength: 4096, periodicFlush: 100 })),
  );
}
