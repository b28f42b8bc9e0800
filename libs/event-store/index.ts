export { cloudEventOf } from './cloud-event.js';
export {
  type Appended,
  EventStore,
  eventsCollection,
  type StoredEvent,
  type UserRef,
  VersionConflict,
} from './event-store.js';
export { readEvent, UnreadableEvent } from './read-event.js';
export { placeOf, previousKey, type StreamId, streamOf } from './stream.js';
export { UnsentEvents } from './unsent-events.js';
export { userStreams } from './user-streams.js';
