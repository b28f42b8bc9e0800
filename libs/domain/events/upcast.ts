/** An event as it was read: its type and revision are not yet to be trusted. */
export type RawEvent = Readonly<Record<string, unknown>>;

/** Turns an event of one revision into the next one. */
export type Upcaster = (event: RawEvent) => RawEvent;

/**
 * Upcasters by `type@revision`: each takes that revision to the next. A type whose shape changes gets its old revision
 * an entry here; what is stored is never rewritten.
 */
const upcasters: Readonly<Record<string, Upcaster>> = {};

/**
 * Brings an event to its newest revision, step by step; one that no upcaster knows is given back as it is, and it is for
 * the schema to refuse it. Never throws by itself. `table` is replaced only by tests of the mechanism.
 */
export function upcast(event: RawEvent, table: Readonly<Record<string, Upcaster>> = upcasters): RawEvent {
  let current = event;
  for (;;) {
    const { type, revision } = current;
    if (typeof type !== 'string' || typeof revision !== 'number') return current;
    const step = table[`${type}@${revision}`];
    if (!step) return current;
    current = step(current);
  }
}
