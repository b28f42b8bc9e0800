export type {
  Collection,
  CollectionSpec,
  Condition,
  Document,
  Documents,
  Filter,
  Scalar,
  Sort,
  Update,
  UpdateResult,
} from './collection.js';
export { DuplicateKey, StoreUnavailable, StoreUnusable } from './errors.js';
