import { codeOf } from '../code-of.js';
import { type Config, readConfig } from '../config/config.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { type Running, stopOnSignal } from './run-until-signal.js';

/** Codes of errors that the operator can mend: their message is the whole story, and a stack would only hide it. */
const foreseenCodes: ReadonlySet<unknown> = new Set([
  'configuration-invalid',
  'port-unavailable',
  'server-unfit',
  'locked',
  'unwritable',
  'damaged',
  'full',
  'newer',
  'store-unavailable',
  'signing-key-unusable',
]);

/**
 * Runs a program until a signal ends it: reads the configuration, starts it, and says on stderr in one line why it could
 * not, with exit code 1. `greeting` is printed on stdout when it is up.
 */
export async function runProgram<P extends Running>(
  start: (config: Config, logger: Logger) => Promise<P>,
  greeting: (program: P, config: Config) => string | null,
): Promise<void> {
  let running: Running | null = null;
  // From the first moment: as process 1 of a container, one without a handler hears no signal while it waits for servers.
  stopOnSignal({ close: async () => running?.close() }, (signal) =>
    process.stderr.write(`portcullis: ${signal}: finishing what is under way\n`),
  );
  try {
    const config = readConfig(process.env);
    const program = await start(config, createLogger(config));
    running = program;
    const text = greeting(program, config);
    if (text !== null) process.stdout.write(text);
  } catch (error) {
    process.stderr.write(`portcullis: ${inWords(error)}\n`);
    process.exit(1);
  }
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return foreseenCodes.has(codeOf(error)) ? error.message : (error.stack ?? error.message);
}
