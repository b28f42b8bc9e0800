import { MongoAPIError, MongoError, MongoServerError } from 'mongodb';

/** What a failure of MongoDB means to us. */
export type Trouble = 'duplicate' | 'unavailable';

/**
 * Tells what the server could not do, or null when the error is a mistake in the code. Whatever is not known to be a mistake
 * counts as unavailable: also a timeout, a lost connection and a write concern that was not met, after which nobody
 * knows whether the write will stay.
 */
export function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof MongoError)) return null;
  if (error instanceof MongoServerError) {
    const code = Number(error.code);
    if (duplicateCodes.has(code)) return 'duplicate';
    return mistakeCodes.has(code) ? null : 'unavailable';
  }
  if (error instanceof MongoAPIError) return closedNames.has(error.name) ? 'unavailable' : null;
  return 'unavailable';
}

/** Another index has the same name or the same keys (85, 86), or the data do not fit a unique one (11000). */
export function isIndexConflict(error: unknown): boolean {
  return (
    error instanceof MongoServerError && (error.code === 85 || error.code === 86 || troubleOf(error) === 'duplicate')
  );
}

const duplicateCodes = new Set([11_000, 11_001, 12_582]);

/** From MongoDB's list of error codes (src/mongo/base/error_codes.yml): the request itself is wrong. */
const mistakeCodes = new Set([
  2, // BadValue
  9, // FailedToParse
  14, // TypeMismatch
  28, // PathNotViable
  40, // ConflictingUpdateOperators
  52, // DollarPrefixedFieldName
  56, // EmptyFieldName
  57, // DottedFieldName
  66, // ImmutableField
  67, // CannotCreateIndex
  72, // InvalidOptions
  73, // InvalidNamespace
  10_334, // BSONObjectTooLarge
]);

/** Using a closed client is an error of its API to the driver; to us the store cannot be asked. */
const closedNames = new Set([
  'MongoClientClosedError',
  'MongoNotConnectedError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoExpiredSessionError',
  'MongoCursorExhaustedError',
]);
