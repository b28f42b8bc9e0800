import { expect } from '@jest/globals';
import {
  type AppCommand,
  type AppFact,
  type AppState,
  type Decision,
  decideApp,
  decideUser,
  evolveApp,
  evolveUser,
  type Fact,
  newApp,
  type RefusalCode,
  type UserCommand,
  type UserFact,
  type UserState,
  unknownUser,
} from '#libs/domain';

/** A decider as the grammar sees it: how it decides, how it folds, and where a stream without events stands. */
export interface Decider<Command, State, F extends Fact> {
  readonly decide: (command: Command, state: State) => Decision<F>;
  readonly evolve: (state: State, step: Step<F>) => State;
  readonly initial: State;
}

/** A fact with its place in the stream. */
export type Step<F extends Fact> = F & { readonly version: number; readonly time: number };

/** What a command may come to: the fact itself, `nothingToDo` or `refused(code)`. */
export type Expected<F extends Fact> = F | Exclude<Decision<F>, { outcome: 'fact' }>;

export const nothingToDo = { outcome: 'nothing-to-do' } as const;

export function refused(code: RefusalCode): { readonly outcome: 'refused'; readonly code: RefusalCode } {
  return { outcome: 'refused', code };
}

/**
 * Given these facts of a user, when this command comes, then that. The last word is `thenExpect`, since an object with
 * a `then` would be taken for a promise.
 */
export const givenUser = specifying<UserCommand, UserState, UserFact>({
  decide: decideUser,
  evolve: evolveUser,
  initial: unknownUser,
});

/** The same of an app. */
export const givenApp = specifying<AppCommand, AppState, AppFact>({
  decide: decideApp,
  evolve: evolveApp,
  initial: newApp,
});

/** Gives facts their places in one stream: versions 1, 2, 3, ... and a second between two of them. */
export function inOrder<F extends Fact>(facts: readonly F[]): Step<F>[] {
  return facts.map((fact, index) => ({ ...fact, version: index + 1, time: timeOf(index + 1) }));
}

/** The time, in milliseconds since the epoch, that `inOrder` gives to the event of a version. */
export function timeOf(version: number): number {
  return Date.UTC(2024, 0, 1) + version * 1000;
}

function specifying<Command, State, F extends Fact>({ decide, evolve, initial }: Decider<Command, State, F>) {
  return (...facts: readonly F[]) => ({
    when: (command: Command) => ({
      thenExpect: (expected: Expected<F>): void => {
        const state = inOrder(facts).reduce(evolve, initial);
        expect(decide(command, state)).toEqual('outcome' in expected ? expected : { outcome: 'fact', fact: expected });
      },
    }),
  });
}
