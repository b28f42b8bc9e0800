import type { Revocation, RevocationEntry } from './revocations.js';

/**
 * Adds a fact to what is held against a subject: the watermark and its time only rise, dead sessions stay dead. The
 * order and number of the facts make no difference. Gives the very same entry when the fact changes nothing.
 */
export function merge(entry: RevocationEntry | null, revocation: Revocation): RevocationEntry {
  const held = entry ?? nothing;
  if ('sid' in revocation) {
    if (held.deadSessions.has(revocation.sid)) return held;
    return { ...held, deadSessions: new Set(held.deadSessions).add(revocation.sid) };
  }
  if (!rises(held, revocation)) return held;
  return { ...held, watermark: revocation.watermark, at: revocation.at };
}

const nothing: RevocationEntry = { watermark: 0, at: 0, deadSessions: new Set() };

/** Of one watermark told with two times, the later time wins: it refuses more. */
function rises(held: RevocationEntry, told: { readonly watermark: number; readonly at: number }): boolean {
  return told.watermark > held.watermark || (told.watermark === held.watermark && told.at > held.at);
}
