import { StoreUnusable } from '#libs/documents';
import { ConfigurationInvalid, createLogger, PortUnavailable, readConfig, stopOnSignal } from '#libs/platform';
import { assembleStandalone } from './assemble.js';
import { banner } from './banner.js';

try {
  const config = readConfig(process.env);
  const logger = createLogger(config);
  const standalone = await assembleStandalone(config, logger);
  stopOnSignal(standalone, (signal) => process.stderr.write(`portcullis: ${signal}: finishing what is under way\n`));
  process.stdout.write(banner(standalone, config));
} catch (error) {
  const foreseen =
    error instanceof StoreUnusable || error instanceof PortUnavailable || error instanceof ConfigurationInvalid;
  const text = error instanceof Error ? (foreseen ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`portcullis: ${text}\n`);
  process.exit(1);
}
