/** Why a sign-in is refused. A wrong password and an unknown user are one and the same. */
export type SignInRefusal = 'invalid-credentials' | 'not-confirmed' | 'user-disabled';

export class SignInRefused extends Error {
  constructor(readonly code: SignInRefusal) {
    super(code);
  }
}

/** Too many failures: try again after `retryAfterMs`. */
export class SignInSlowed extends Error {
  readonly code = 'sign-in-slowed';
  constructor(readonly retryAfterMs: number) {
    super(`too many failed sign-ins; try again in ${Math.ceil(retryAfterMs / 1_000)} s`);
  }
}
