/** An event as it was read: its type and revision are not yet to be trusted. */
export type RawEvent = Readonly<Record<string, unknown>>;

/** Turns an event of one revision into the next one. */
export type Upcaster = (event: RawEvent) => RawEvent;

/**
 * Upcasters by `type@revision`: each takes that revision to the next. A type whose shape changes gets its old revision
 * an entry here; what is stored is never rewritten.
 */
const upcasters: Readonly<Record<string, Upcaster>> = {};

/** Brings an event to its newest revision, step by step. `table` is replaced only by tests of the mechanism. */
export function upcast(event: RawEvent, table: Readonly<Record<string, Upcaster>> = upcasters): RawEvent {
  let current = event;
  for (;;) {
    const step = table[`${String(current['type'])}@${String(current['revision'])}`];
    if (!step) return current;
    current = step(current);
  }
}
