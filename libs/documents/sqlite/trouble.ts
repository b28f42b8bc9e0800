/** What a failure of SQLite means to us. */
export type Trouble = 'duplicate' | 'locked' | 'unwritable' | 'full' | 'damaged' | 'unreachable';

/**
 * Tells what SQLite could not do, from its result code (https://www.sqlite.org/rescode.html), or null when the error is
 * not about the storage: then it is a mistake in the code, and nobody should treat it as weather.
 */
export function troubleOf(error: unknown): Trouble | null {
  if (!isError(error)) return null;
  // Only our own documents are ever stored, so text that is no JSON is a damaged page: SQLite or `JSON.parse` says so.
  if (error.message.includes('malformed JSON') || error.name === 'SyntaxError') return 'damaged';
  const code = codeOf(error);
  if (code === null) return null;
  if (code === 1555 || code === 2067) return 'duplicate';
  switch (code & 0xff) {
    case 3: // PERM
    case 8: // READONLY
    case 14: // CANTOPEN
    case 23: // AUTH
      return 'unwritable';
    case 5: // BUSY
    case 15: // PROTOCOL
      return 'locked';
    case 11: // CORRUPT
    case 26: // NOTADB
      return 'damaged';
    case 13:
      return 'full';
    case 7: // NOMEM
    case 9: // INTERRUPT
    case 10: // IOERR
      return 'unreachable';
    default:
      return null;
  }
}

/** Native code makes errors of its own realm, which are no instances of the `Error` of a test's. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

function codeOf(error: Error): number | null {
  if ('rawCode' in error && typeof error.rawCode === 'number') return error.rawCode;
  // A connection that could not be opened has its code in the message alone.
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error.message);
  return opening === null ? null : Number(opening[1]);
}
