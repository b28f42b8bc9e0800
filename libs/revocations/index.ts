export {
  type FeedBatch,
  type FeedItem,
  type LookUp,
  type Revocation,
  type RevocationEntry,
  type Revocations,
  RevocationsUnavailable,
  type SetStatus,
  type Subject,
} from './revocations.js';
