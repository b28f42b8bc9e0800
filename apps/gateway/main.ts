import { runProgram } from '#libs/platform';
import { assembleEdge } from './assemble-cluster.js';

await runProgram(assembleEdge, ({ gateway }) => `portcullis gateway: the edge is on ${gateway.url}\n`);
