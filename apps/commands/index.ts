export { type Control, createControl } from './control.js';
export type { ControlParts } from './control-parts.js';
export { CommandResults } from './http/idempotency/command-results.js';
export { type ControlSeams, type OpenedControl, openControl } from './open-control.js';
