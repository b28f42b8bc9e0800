import type { EventLog, LogEntry, LogRecord } from '#libs/event-log';
import { codeOf, type Logger, type Metrics } from '#libs/platform';

/** Failures that lie in the event and not in a server: trying again for ever would hold up everyone behind it. */
const ofTheEvent: ReadonlySet<string | null> = new Set(['unreadable-event', 'projection-gap']);

/** Tries before an event is set aside; an event that is missing may only be late. */
const pausesMs = [50, 250, 1_000];

export const parkedType = 'portcullis.parked';

/** The context attributes of a parked event as a CloudEvent. */
export function parkedCloudEvent({ id, value }: LogRecord) {
  return {
    id,
    source: '/portcullis/projector',
    type: parkedType,
    ...(typeof value.time === 'number' ? { time: value.time } : {}),
  };
}

/**
 * Sets aside an event that a projection cannot handle, with the reason, on a log of its own, where it can be seen and
 * taken up again. For projections that can live without an event; the revocation set cannot, and stops.
 */
export class Parking {
  constructor(
    private readonly parts: {
      /** The log of parked events. */
      readonly parked: EventLog;
      readonly logger: Logger;
      readonly metrics: Metrics;
      readonly now: () => number;
    },
  ) {}

  /** Runs `handle` for an entry, again a few times, and parks the entry when it is the entry that cannot be handled. */
  async orPark(projection: string, entry: LogEntry, handle: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await handle();
      } catch (error) {
        if (!ofTheEvent.has(codeOf(error))) throw error;
        const pauseMs = pausesMs[tries];
        if (pauseMs === undefined) return await this.park(projection, entry, error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private async park(projection: string, entry: LogEntry, error: unknown): Promise<void> {
    const { parked, logger, metrics, now } = this.parts;
    const { partition, offset, key } = entry;
    const id = `${projection}:${partition}:${offset}`;
    const reason = error instanceof Error ? error.message : String(error);
    const value = {
      type: parkedType,
      id,
      projection,
      partition,
      offset,
      reason,
      time: now(),
      value: entry.value ?? null,
    };
    await parked.publish([{ id, key, value }]);
    metrics.parkedEvents.inc({ projection });
    logger.error({ projection, partition, offset, reason }, 'an event was parked: it could not be projected');
  }
}
