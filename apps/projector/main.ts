import { runProgram } from '#libs/platform';
import { assembleProjector } from './assemble-cluster.js';

await runProgram(assembleProjector, ({ health }) => `portcullis projector: health and metrics are on ${health.url}\n`);
