import type { Fact } from './events/event.js';

/** Why a command is refused. The codes are part of the API: they are stable. */
export type RefusalCode = 'UserNotFound' | 'UserAlreadyRegistered' | 'UserAlreadyConfirmed' | 'UserNotConfirmed';

/** What a command comes to: at most one fact. */
export type Decision<F extends Fact> =
  | { readonly outcome: 'fact'; readonly fact: F }
  | { readonly outcome: 'nothing-to-do' }
  | { readonly outcome: 'refused'; readonly code: RefusalCode };

export const nothingToDo = { outcome: 'nothing-to-do' } as const;

export function yields<F extends Fact>(fact: F): Decision<F> {
  return { outcome: 'fact', fact };
}

export function refused(code: RefusalCode): { readonly outcome: 'refused'; readonly code: RefusalCode } {
  return { outcome: 'refused', code };
}
