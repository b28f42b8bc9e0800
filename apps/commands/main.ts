import { runProgram } from '#libs/platform';
import { assembleCommands } from './assemble-cluster.js';

await runProgram(assembleCommands, ({ control, firstKey }) =>
  [
    `portcullis commands: the control API is on ${control.url}`,
    ...(firstKey ? [`portcullis commands: the admin key, made just now and shown only here: ${firstKey.text}`] : []),
    '',
  ].join('\n'),
);
