import type { CommandContext } from '#libs/domain';

/** A command's context, and whether it may have been carried out before. */
export interface SentCommand extends CommandContext {
  /**
   * Set when an earlier attempt with the same command id was cut off: the time (ms) of that attempt. Its event, if it
   * left one, is then the answer.
   */
  readonly resumedSince: number | null;
  /** Since when (ms) this attempt holds the command's `Idempotency-Key`; null without one: nobody else can be at it. */
  readonly heldSince: number | null;
}
