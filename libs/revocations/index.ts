export { AccessLives } from './access-lives.js';
export { merge } from './merge.js';
export { revocationOf } from './revocation-of.js';
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
export { subjectKey, subjectOf } from './subject-key.js';
