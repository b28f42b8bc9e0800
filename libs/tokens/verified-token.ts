/** What a token is for: claim `typ`, as App Services' clients know it, and header `typ` (`at+jwt`, RFC 9068, or `rt+jwt`). */
export type TokenUse = 'access' | 'refresh';

/** A token whose signature and claims have been checked. Whether it has been revoked is another question. */
export interface VerifiedToken {
  readonly use: TokenUse;
  /** Claim `sub`: the user's id. */
  readonly userId: string;
  readonly app: string;
  /** Claim `ver`: the version of the user's stream when the session began. */
  readonly version: number;
  /** Claim `app_ver`. */
  readonly appVersion: number;
  readonly sid: string;
  /** ms since the epoch. */
  readonly issuedAt: number;
  /** ms since the epoch. */
  readonly expiresAt: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a token is refused. Stable: logged, and counted in metrics. */
export type TokenRejection =
  | 'oversized'
  | 'malformed'
  | 'wrong-type'
  | 'algorithm-not-allowed'
  | 'unknown-key'
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-issuer'
  | 'wrong-audience';

export type Verification =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly reason: TokenRejection };

/** Checks a token's form, signature and claims. Never throws for a bad token. */
export interface TokenVerifier {
  verify(token: string, use: TokenUse): Promise<Verification>;
}
