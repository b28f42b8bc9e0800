export {
  type Appended,
  EventStore,
  eventsCollection,
  type StoredEvent,
  type UserRef,
  VersionConflict,
} from './event-store.js';
export { readEvent, UnreadableEvent } from './read-event.js';
export { type StreamId, streamOf } from './stream.js';
export { userStreams } from './user-streams.js';
