import type { RecordedEvent } from '#libs/domain';
import type { EventLog, LogBatch, LogEntry, LogReader } from '#libs/event-log';
import { readEvent, UnreadableEvent } from '#libs/event-store';
import type { Logger, Metrics } from '#libs/platform';
import { inOrderByKey } from './in-order-by-key.js';
import type { Parking } from './parking.js';
import type { StoredPositions } from './positions.js';

/** Something that is kept up to date from the log, with its position in the store. */
export interface Projection {
  readonly name: string;
  /** False for an event that `handle` would have nothing to do with. */
  concerns(event: RecordedEvent): boolean;
  handle(event: RecordedEvent): Promise<void>;
}

export interface ProjectionTools {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A projection that is being fed. */
export interface Following {
  /** Resolves when nothing is under way and nothing will follow. */
  stop(): Promise<void>;
}

/** So many users are projected at a time: each waits for the store, and those of one user for each other. */
const width = 16;

/** So many entries at most are read again at a start, of those that did not concern the projection. */
const mostUnsaved = 1_000;

/**
 * Feeds a projection from the log, from where it stands in `positions`. An event that cannot be handled is parked; a
 * store that is away stops the partition, which is retried, logged at error and counted as lag.
 */
export async function followLog(
  projection: Projection,
  positions: StoredPositions,
  tools: ProjectionTools & { readonly parking: Parking },
): Promise<Following> {
  const lag = new LagGauge(projection.name, tools.metrics);
  const saved = new Map<number, number>();
  const reader: LogReader = {
    group: `portcullis.${projection.name}`,
    startAt: (partition) => positions.of(partition),
    handle: async (batch) => {
      lag.reached(batch, batch.entries[0]?.offset ?? batch.next);
      let handled = false;
      await inOrderByKey(batch.entries, width, (entry) =>
        tools.parking.orPark(projection.name, entry, async () => {
          const event = eventIn(entry);
          if (!projection.concerns(event)) return;
          handled = true;
          await projection.handle(event);
        }),
      );
      // Where nothing was to be done, the position may be old: what is read again then has nothing to be done either.
      if (handled || batch.next - (saved.get(batch.partition) ?? 0) >= mostUnsaved) {
        positions.reached(batch.partition, batch.next);
        saved.set(batch.partition, batch.next);
      }
      lag.reached(batch, batch.next);
    },
    onTrouble: (error) =>
      tools.logger.error({ err: error, projection: projection.name }, 'projection cannot go on; retrying'),
  };
  const reading = await tools.log.read(reader);
  return {
    stop: async () => {
      await reading.stop();
      // What is not written is repeated at the next start.
      await positions.save().catch(() => undefined);
    },
  };
}

/** The events of a batch, checked one by one as they are taken. @throws UnreadableEvent at one that cannot be read. */
export function* eventsOf(batch: LogBatch): Generator<RecordedEvent> {
  for (const entry of batch.entries) yield eventIn(entry);
}

function eventIn(entry: LogEntry): RecordedEvent {
  if (entry.value === undefined) {
    throw new UnreadableEvent(`the entry at ${entry.partition}:${entry.offset} is not JSON`);
  }
  return readEvent(entry.value);
}

/** Keeps a projection's lag, summed over its partitions, in the metrics. */
export class LagGauge {
  private readonly byPartition = new Map<number, number>();

  constructor(
    private readonly projection: string,
    private readonly metrics: Metrics,
  ) {
    metrics.projectorLag.set({ projection }, 0);
  }

  /** `position` has been reached of a partition that ends, as the batch knows, at `end`. */
  reached(batch: LogBatch, position: number): void {
    this.byPartition.set(batch.partition, Math.max(0, batch.end - position));
    let total = 0;
    for (const lag of this.byPartition.values()) total += lag;
    this.metrics.projectorLag.set({ projection: this.projection }, total);
  }
}
