import type { Logger } from '../logging/logger.js';
import type { NeededServer } from './waiting-room.js';

/** A server answers, but is set up so that Portcullis would not keep its promises on it. Says what is wrong with it. */
export class ServerUnfit extends Error {
  readonly code = 'server-unfit';
}

/** What was found out about a server at a start, in plain sentences. */
export interface ServerFindings {
  /** Reasons not to run on it. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

/** A server to wait for, and to look at when it answers: its warnings are logged, and a refusal ends the program. */
export function neededServer(name: string, look: () => Promise<ServerFindings>, logger: Logger): NeededServer {
  return {
    name,
    probe: async () => {
      const { refusals, warnings } = await look();
      for (const warning of warnings) logger.warn({ server: name }, warning);
      if (refusals.length === 0) return;
      throw new ServerUnfit(`${name} cannot be used as it is set up:\n  ${refusals.join('\n  ')}`);
    },
  };
}
