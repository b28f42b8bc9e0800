import type { IncomingMessage } from 'node:http';
import type { CachedVerifier, VerifiedToken } from '#libs/tokens';
import { readCredentials } from './credentials.js';
import type { Standings } from './standings.js';
import type { Verdict } from './verdict.js';

export interface JudgeSettings {
  readonly verifier: Pick<CachedVerifier, 'peek' | 'verify'>;
  readonly standings: Standings;
  readonly now: () => number;
  /** Told when the keys cannot be asked for. */
  readonly onError: (error: unknown) => void;
}

/** Gives verdicts (docs/architecture.md, section 7). */
export class Judge {
  readonly #settings: JudgeSettings;

  constructor(settings: JudgeSettings) {
    this.#settings = settings;
  }

  /**
   * Judges a request and calls `done` once, which must not throw. A callback and not a promise: this runs for every
   * request (docs/performance.md).
   */
  judge(request: IncomingMessage, done: (verdict: Verdict) => void): void {
    const credentials = readCredentials(request.rawHeaders, request.url ?? '');
    if ('fault' in credentials) {
      done({ outcome: 'refused', reason: credentials.fault });
      return;
    }
    const { verifier, now } = this.#settings;
    const known = verifier.peek(credentials.token, now());
    if (known === null) this.#verify(credentials.token, done);
    else this.#hold(known, done);
  }

  #verify(token: string, done: (verdict: Verdict) => void): void {
    this.#settings.verifier.verify(token, 'access').then(
      (verification) => {
        if (verification.ok) this.#hold(verification.token, done);
        else done({ outcome: 'refused', reason: verification.reason });
      },
      (error: unknown) => {
        this.#settings.onError(error);
        done({ outcome: 'none', reason: 'keys-unavailable' });
      },
    );
  }

  /** Holds a good token against the revocation set, on every request: that it was alive a moment ago says nothing. */
  #hold(token: VerifiedToken, done: (verdict: Verdict) => void): void {
    this.#settings.standings.of(token, (standing) => {
      if (standing === 'alive') done({ outcome: 'granted', token });
      else if (standing === 'revoked') done({ outcome: 'refused', reason: 'revoked', token });
      else done({ outcome: 'none', reason: standing });
    });
  }
}
