import { VersionConflict } from '#libs/event-store';
import type { SentCommand } from './sent-command.js';

/** How far the clock of another process, which appended the event, may be behind. */
const clockMarginMs = 10_000;
/** An attempt that is older may have been taken over: well before an `Idempotency-Key` can be. */
const lateAfterMs = 15_000;

/**
 * Runs a decision; when it loses the race for its version it is run once more on the new state, and then the loser's
 * conflict is the answer (docs/architecture.md, section 1).
 *
 * A command leaves one event, although two processes may be at it: one that was held up, and one that took its
 * `Idempotency-Key` over. So where the other may have been through, `decide` is given the time (ms) from which to look
 * for that event; null elsewhere. It must look after it has loaded the state: what is appended later is a conflict.
 */
export async function decideOnce<T>(
  { resumedSince, heldSince }: Pick<SentCommand, 'resumedSince' | 'heldSince'>,
  now: () => number,
  decide: (lookBackTo: () => number | null) => Promise<T>,
): Promise<T> {
  const since = resumedSince ?? (heldSince === null ? null : heldSince - clockMarginMs);
  const isLate = () => heldSince !== null && now() - heldSince >= lateAfterMs;
  try {
    return await decide(() => (resumedSince !== null || isLate() ? since : null));
  } catch (error) {
    if (error instanceof VersionConflict) return await decide(() => since);
    throw error;
  }
}
