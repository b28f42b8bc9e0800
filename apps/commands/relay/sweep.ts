import { setTimeout as pause } from 'node:timers/promises';
import type { UnsentEvents } from '#libs/event-store';
import type { Logger, Metrics } from '#libs/platform';
import { Backoff } from './backoff.js';
import { type CarryTools, carry } from './carry.js';
import type { Lease } from './lease.js';

export interface SweepTools extends CarryTools {
  readonly unsent: UnsentEvents;
  readonly lease: Lease;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'relayBacklog' | 'relayBacklogAge'>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const everyMs = 1_000;
/** A younger event is about to be carried by the process that appended it. */
const settledMs = 1_000;
const pageSize = 500;

/**
 * Carries what a process left that died, or that gave up on it: by whoever holds the lease, the oldest first, until
 * the signal ends it. The holder also measures the backlog; the others show none, so that the sum over all is right.
 */
export async function sweepForEver(tools: SweepTools): Promise<void> {
  const { lease, logger, signal } = tools;
  const backoff = new Backoff(signal);
  while (!signal.aborted) {
    try {
      if (await lease.hold()) await sweep(tools);
      else show(tools, { events: 0, oldestAt: null });
      backoff.reset();
      await pause(everyMs, undefined, { signal }).catch(() => {});
    } catch (error) {
      logger.warn({ err: error }, 'the relay cannot carry the backlog to the log; it is tried again');
      // Perhaps another process can.
      await lease.release().catch(() => {});
      await backoff.wait();
    }
  }
}

async function sweep(tools: SweepTools): Promise<void> {
  const { unsent, lease, now, signal } = tools;
  for (let measuredAt = 0; !signal.aborted; ) {
    if (now() - measuredAt >= everyMs) {
      measuredAt = now();
      show(tools, await unsent.backlog());
    }
    const page = await unsent.oldest(pageSize);
    const settled = page.filter((event) => Math.abs(now() - (event.unsent ?? 0)) >= settledMs);
    if (settled.length > 0) await carry(settled, tools);
    if (page.length < pageSize || settled.length === 0 || !(await lease.hold())) break;
  }
  show(tools, await unsent.backlog());
}

function show(
  { metrics, now }: SweepTools,
  backlog: { readonly events: number; readonly oldestAt: number | null },
): void {
  metrics.relayBacklog.set(backlog.events);
  metrics.relayBacklogAge.set(backlog.oldestAt === null ? 0 : Math.max(0, now() - backlog.oldestAt) / 1_000);
}
