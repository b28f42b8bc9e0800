import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Parts of Nest that log an error and throw it as well: whoever catches it says it, once. */
const thrownToo: ReadonlySet<unknown> = new Set(['NestApplication', 'ExceptionHandler']);

/** Nest's own messages, through our logger: its start-up chatter at debug, its troubles as they are. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: 'trace' | 'debug' | 'warn' | 'error') =>
    (message: unknown, ...rest: readonly unknown[]): void => {
      const context = rest.at(-1);
      logger[thrownToo.has(context) ? 'debug' : level]({ context }, String(message));
    };
  return { log: at('debug'), debug: at('trace'), verbose: at('trace'), warn: at('warn'), error: at('error') };
}
