import type { RecordedEvent } from '#libs/domain';

/** A user's stream, or (without a user) the stream of the app itself. */
export interface StreamId {
  readonly app: string;
  readonly userId: string | null;
}

/** The key under which a stream's events stay in order on the log: the user id, or the app's id. */
export function logKey(stream: StreamId): string {
  return stream.userId ?? stream.app;
}

export function streamOf(event: Pick<RecordedEvent, 'app' | 'userId'>): StreamId {
  return { app: event.app, userId: event.userId };
}

const versionDigits = 10;

/**
 * The `_id` of an event: stream and version, so that the unique key is the optimistic lock. Versions are padded and
 * thus sort as numbers. The user id is escaped, so that no id of one stream lies within the range of another.
 */
export function eventKey(stream: StreamId, version: number): string {
  return `${prefix(stream)}:${String(version).padStart(versionDigits, '0')}`;
}

/** The range of `_id` that holds a stream's events with a version above `after`. `;` is the character after `:`. */
export function rangeAfter(stream: StreamId, after: number): { readonly $gt: string; readonly $lt: string } {
  return { $gt: eventKey(stream, after), $lt: `${prefix(stream)};` };
}

/** What an event's `_id` says: its stream, as a prefix that is the stream's alone, and its version. */
export function placeOf(key: string): { readonly stream: string; readonly version: number } {
  const stream = key.slice(0, -versionDigits - 1);
  return { stream, version: Number(key.slice(-versionDigits)) };
}

/** The `_id` of the event before, or null for the first one of its stream. */
export function previousKey(key: string): string | null {
  const { stream, version } = placeOf(key);
  return version > 1 ? `${stream}:${String(version - 1).padStart(versionDigits, '0')}` : null;
}

/** The range of `_id` that holds the whole stream of an event. */
export function wholeStream(key: string): { readonly $gt: string; readonly $lt: string } {
  const { stream } = placeOf(key);
  return { $gt: `${stream}:`, $lt: `${stream};` };
}

function prefix(stream: StreamId): string {
  return stream.userId === null ? stream.app : `${stream.app}/${encodeURIComponent(stream.userId)}`;
}
