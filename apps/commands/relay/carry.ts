import type { EventLog } from '#libs/event-log';
import { placeOf, previousKey, type StoredEvent, type UnsentEvents } from '#libs/event-store';

export interface CarryTools {
  readonly unsent: Pick<UnsentEvents, 'among' | 'ofStream' | 'markSent'>;
  readonly log: Pick<EventLog, 'publish'>;
}

/** At most so many events of one stream go at a time; the rest of a longer backlog has its turn later. */
const mostOfStream = 500;

/**
 * Carries unsent events to the log in one publish, and marks them sent. Of each stream the lowest unsent version goes
 * first, whatever the caller knew: an event whose predecessor is unsent too is not sent before it. So whoever else
 * carries the same stream at the same time, the log can get an event again, but never before an earlier one
 * (docs/architecture.md, section 1). `followsSent` are the `_id`s of events of which it is known that all before them are on
 * the log, so that it need not be asked. Resolves to how many were carried.
 *
 * @throws LogUnavailable, StoreUnavailable: some may then be on the log, and all are still marked unsent.
 */
export async function carry(
  events: readonly StoredEvent[],
  { unsent, log }: CarryTools,
  followsSent: ReadonlySet<string> = new Set(),
): Promise<number> {
  const runs = lowestRuns(events, followsSent);
  const predecessors = runs.flatMap(({ previous }) => (previous === null ? [] : [previous]));
  const unsentBefore = await unsent.among(predecessors);
  const complete = await Promise.all(
    runs.map(({ previous, run, first }) =>
      previous !== null && unsentBefore.has(previous) ? unsent.ofStream(first._id, mostOfStream) : run,
    ),
  );
  const carried = complete.flat();
  await log.publish(carried.map(({ _id, key, event }) => ({ id: _id, key, value: event })));
  await unsent.markSent(carried.map(({ _id }) => _id));
  return carried.length;
}

interface Run {
  readonly first: StoredEvent;
  /** The `_id` before the first one; null when there is none, or when it is known to be on the log. */
  readonly previous: string | null;
  readonly run: readonly StoredEvent[];
}

/**
 * Of each stream the events from the lowest version up to the first gap: what is missing in a gap may be unsent, and
 * must then not be overtaken.
 */
function lowestRuns(events: readonly StoredEvent[], followsSent: ReadonlySet<string>): Run[] {
  const runs = new Map<string, { first: StoredEvent; run: StoredEvent[]; next: number }>();
  const ordered = [...events].sort((one, other) => placeOf(one._id).version - placeOf(other._id).version);
  for (const event of ordered) {
    const { stream, version } = placeOf(event._id);
    const known = runs.get(stream);
    if (!known) runs.set(stream, { first: event, run: [event], next: version + 1 });
    else if (version === known.next && known.run.length < mostOfStream) {
      known.run.push(event);
      known.next = version + 1;
    }
  }
  return [...runs.values()].map(({ first, run }) => ({
    first,
    run,
    previous: followsSent.has(first._id) ? null : previousKey(first._id),
  }));
}
