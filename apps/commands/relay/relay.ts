import { randomUUID } from 'node:crypto';
import { setTimeout as pause, setImmediate as turnOver } from 'node:timers/promises';
import type { Documents } from '#libs/documents';
import type { EventLog } from '#libs/event-log';
import { type EventStore, type StoredEvent, UnsentEvents } from '#libs/event-store';
import type { Logger, Metrics } from '#libs/platform';
import { Backoff } from './backoff.js';
import { carry } from './carry.js';
import { Lease } from './lease.js';
import { sweepForEver } from './sweep.js';

export interface RelayParts {
  readonly store: EventStore;
  readonly documents: Documents;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'relayBacklog' | 'relayBacklogAge'>;
  readonly now: () => number;
}

/** Carries this process' events, and those that others left, from the store to the log. */
export interface Relay {
  /** Finishes what is under way, for a few seconds at the most. What is left, the next sweep of any process finds. */
  stop(): Promise<void>;
}

/** At most so many events go in one publish. */
const mostAtOnce = 500;
/** While the log is away, so many are kept here to be sent at once when it is back; the sweep finds the others. */
const mostWaiting = 1_000;
const leaseMs = 5_000;
const stopMs = 5_000;

/** @throws StoreUnavailable */
export async function startRelay(parts: RelayParts): Promise<Relay> {
  const { store, documents, logger } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const lease = await Lease.open(documents, { name: 'relay', holder: randomUUID(), lifeMs: leaseMs, now: parts.now });
  const tools = { ...parts, unsent: await UnsentEvents.open(documents), lease, signal };

  const waiting: { readonly event: StoredEvent; readonly followsSent: boolean }[] = [];
  let wake: () => void = () => {};
  const unlisten = store.onAppended((event, followsSent) => {
    if (waiting.length < mostWaiting) waiting.push({ event, followsSent });
    wake();
  });
  signal.addEventListener('abort', () => wake());

  const carryAppended = async () => {
    const backoff = new Backoff(signal);
    while (waiting.length > 0 || !signal.aborted) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      // What other requests of this turn append goes with it.
      await turnOver();
      const turn = waiting.slice(0, mostAtOnce);
      try {
        const followsSent = new Set(turn.flatMap(({ event, followsSent }) => (followsSent ? [event._id] : [])));
        await carry(
          turn.map(({ event }) => event),
          tools,
          followsSent,
        );
        waiting.splice(0, turn.length);
        if (backoff.failing) logger.info('the relay carries events to the log again');
        backoff.reset();
      } catch (error) {
        logger.warn(
          { err: error, waiting: waiting.length },
          'the relay cannot carry events to the log; it is tried again',
        );
        if (signal.aborted) return;
        await backoff.wait();
      }
    }
  };

  const work = Promise.all([carryAppended(), sweepForEver(tools)]);
  return {
    stop: async () => {
      unlisten();
      stopping.abort();
      const patience = new AbortController();
      await Promise.race([work, pause(stopMs, undefined, { signal: patience.signal }).catch(() => {})]);
      patience.abort();
      await lease.release().catch(() => {});
    },
  };
}
