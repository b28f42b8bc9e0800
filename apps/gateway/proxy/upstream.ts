import { Pool } from 'undici';
import { startEchoUpstream } from './echo-upstream.js';

/** Where granted requests go. */
export interface Upstream {
  readonly dispatcher: Pool;
  /** `Host` for the upstream. */
  readonly host: string;
  /** What stands before each path; empty, or a path without a slash at its end. */
  readonly prefix: string;
  /** Breaks off what is still under way. */
  close(): Promise<void>;
}

const connectWithinMs = 10_000;

/** Opens the upstream of setting UPSTREAM_URL, or starts the small one that echoes when there is none. */
export async function openUpstream(settings: {
  readonly url: string | null;
  /** Until the answer begins. How long it then takes is the upstream's affair: it may be a stream of events. */
  readonly timeoutMs: number;
}): Promise<Upstream> {
  const echo = settings.url === null ? await startEchoUpstream() : null;
  const { origin, host, pathname } = new URL(echo?.url ?? settings.url ?? '');
  const dispatcher = new Pool(origin, {
    // As many connections as there are requests: a slow answer must not make another client wait.
    connections: null,
    headersTimeout: settings.timeoutMs,
    bodyTimeout: 0,
    connect: { timeout: Math.min(settings.timeoutMs, connectWithinMs) },
  });
  return {
    dispatcher,
    host,
    prefix: pathname.replace(/\/+$/, ''),
    async close() {
      await dispatcher.destroy();
      await echo?.close();
    },
  };
}
