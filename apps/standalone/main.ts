import { ConfigurationInvalid, runProgram } from '#libs/platform';
import { assembleStandalone } from './assemble.js';
import { banner } from './banner.js';

await runProgram((config, logger) => {
  if (config.PORTCULLIS_STORAGE !== 'embedded') {
    throw new ConfigurationInvalid([
      'PORTCULLIS_STORAGE: one process runs on embedded storage; for cluster storage start commands, projector and gateway',
    ]);
  }
  return assembleStandalone(config, logger);
}, banner);
