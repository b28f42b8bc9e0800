import { VersionConflict } from '#libs/event-store';

/**
 * Runs a decision; when it loses the race for its version it is run once more on the new state, and then the loser's
 * conflict is the answer (docs/architecture.md, section 1).
 */
export async function decideWithRetry<T>(decide: () => Promise<T>): Promise<T> {
  try {
    return await decide();
  } catch (error) {
    if (error instanceof VersionConflict) return await decide();
    throw error;
  }
}
