import type { Appended, UserRef } from '#libs/event-store';

/** Whether edges already refuse what a command killed. `pending`: the log will see to it, a little later. */
export type EnforcementStatus =
  | { readonly status: 'enforced' /** ms since the epoch */; readonly at: number }
  | { readonly status: 'pending' };

/** What a command came to. */
export interface CommandOutcome {
  readonly app: string;
  /** Null for a command on the app itself. */
  readonly userId: string | null;
  readonly version: number;
  /** At most one; none when there was nothing to do. */
  readonly events: readonly { readonly id: string; readonly type: string; readonly version: number }[];
  readonly enforcement: EnforcementStatus;
}

/** The outcome of a command on a stream that is now at `version`, with the event that it appended, if any. */
export function outcomeOf(
  stream: Pick<CommandOutcome, 'app' | 'userId'> | UserRef,
  version: number,
  appended: Appended<unknown> | null,
  enforcement: EnforcementStatus,
): CommandOutcome {
  const events = appended
    ? [{ id: appended.event.id, type: appended.event.type, version: appended.event.version }]
    : [];
  return { app: stream.app, userId: stream.userId, version, events, enforcement };
}
