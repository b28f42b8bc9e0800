/**
 * What `meta` says, in one short text so that it can be the last key of an MGET: the look-ups and this are read in one
 * instant.
 */
export interface Meta {
  /** The run of the server for which all of this holds. Another one has started since: nothing holds. */
  readonly runId: string;
  /** Since when the data has grown without being emptied or rolled back; a name, not a time. */
  readonly era: string;
  /** Null when the set is not whole. */
  readonly generation: string | null;
}

/** `run era generation`, as `scripts.ts` writes it; null when there is none. */
export function readMeta(text: string | null): Meta | null {
  if (text === null) return null;
  const [runId = '', era = '', generation = ''] = text.split(' ');
  return { runId, era, generation: generation === '' || generation === '-' ? null : generation };
}
