import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Nest's own messages, through our logger: its start-up chatter at debug, its troubles as they are. */
export function nestLogger(logger: Logger): LoggerService {
  const line = (message: unknown, rest: readonly unknown[]) => ({
    context: rest.at(-1),
    text: typeof message === 'string' ? message : String(message),
  });
  return {
    log: (message, ...rest) => logger.debug({ context: line(message, rest).context }, line(message, rest).text),
    debug: (message, ...rest) => logger.trace({ context: line(message, rest).context }, line(message, rest).text),
    verbose: (message, ...rest) => logger.trace({ context: line(message, rest).context }, line(message, rest).text),
    warn: (message, ...rest) => logger.warn({ context: line(message, rest).context }, line(message, rest).text),
    error: (message, ...rest) => logger.error({ context: line(message, rest).context }, line(message, rest).text),
  };
}
