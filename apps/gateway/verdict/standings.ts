import { isDead } from '#libs/domain';
import { type LookUp, type Revocations, RevocationsUnavailable, type Subject } from '#libs/revocations';
import type { VerifiedToken } from '#libs/tokens';
import type { NoVerdictReason } from './verdict.js';

/** What the revocation set says of a token, or why it says nothing. */
export type Standing = 'alive' | 'revoked' | Exclude<NoVerdictReason, 'keys-unavailable'>;

interface Asked {
  readonly token: VerifiedToken;
  readonly answer: (standing: Standing) => void;
}

export interface StandingsSettings {
  readonly revocations: Pick<Revocations, 'lookUp'>;
  /** How long the set may take; then there is no verdict. */
  readonly answerWithinMs: number;
  /** Told of what went wrong in a look-up, or in the callback of one who asked. */
  readonly onError: (error: unknown) => void;
}

/**
 * Asks the revocation set. All tokens of one turn of the event loop travel in one look-up, which begins after the last
 * of them was asked for: nobody is answered from a look-up that began before they came.
 */
export class Standings {
  readonly #settings: StandingsSettings;
  #gathered: Asked[] = [];

  constructor(settings: StandingsSettings) {
    this.#settings = settings;
  }

  /** Calls `answer` once, in a later turn. */
  of(token: VerifiedToken, answer: (standing: Standing) => void): void {
    if (this.#gathered.push({ token, answer }) === 1) setImmediate(this.#send);
  }

  readonly #send = (): void => {
    const asked = this.#gathered;
    this.#gathered = [];
    const { onError, answerWithinMs } = this.#settings;
    let answered = false;
    const answerOnce = (standingOf: (token: VerifiedToken, index: number) => Standing): void => {
      if (answered) return;
      answered = true;
      answerAll(asked, standingOf, onError);
    };
    const { subjects, appAt } = subjectsOf(asked);
    const timer = setTimeout(answerOnce, answerWithinMs, () => 'set-too-slow');
    this.#lookUp(subjects).then(
      (lookUp) => {
        clearTimeout(timer);
        answerOnce((token, index) => standingIn(lookUp, token, index, appAt.get(token.app)));
      },
      (error: unknown) => {
        clearTimeout(timer);
        if (!(error instanceof RevocationsUnavailable)) onError(error);
        answerOnce(() => 'set-unavailable');
      },
    );
  };

  async #lookUp(subjects: readonly Subject[]): Promise<LookUp> {
    return this.#settings.revocations.lookUp(subjects);
  }
}

function answerAll(
  asked: readonly Asked[],
  standingOf: (token: VerifiedToken, index: number) => Standing,
  onError: (error: unknown) => void,
): void {
  let index = 0;
  for (const { token, answer } of asked) {
    try {
      answer(standingOf(token, index));
    } catch (error) {
      onError(error);
    }
    index += 1;
  }
}

/** First every token's user, in the order asked, then each app once. */
function subjectsOf(asked: readonly Asked[]): { subjects: Subject[]; appAt: Map<string, number> } {
  const subjects: Subject[] = [];
  for (const { token } of asked) subjects.push({ app: token.app, userId: token.userId });
  const appAt = new Map<string, number>();
  for (const { token } of asked) {
    if (!appAt.has(token.app)) appAt.set(token.app, subjects.push({ app: token.app, userId: null }) - 1);
  }
  return { subjects, appAt };
}

/** A set that may be missing something, or an answer that is too short, gives no verdict: closed by default. */
function standingIn(lookUp: LookUp, token: VerifiedToken, userAt: number, appAt = -1): Standing {
  const user = lookUp.entries[userAt];
  const app = lookUp.entries[appAt];
  if (lookUp.generation === null || user === undefined || app === undefined) return 'set-not-whole';
  return isDead(token, user, app) ? 'revoked' : 'alive';
}
