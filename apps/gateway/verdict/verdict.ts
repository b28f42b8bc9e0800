import type { TokenRejection, VerifiedToken } from '#libs/tokens';

/** Why the credentials themselves could not be used. */
export const credentialFaults = ['no-token', 'other-scheme', 'malformed-credentials', 'several-credentials'] as const;
export type CredentialFault = (typeof credentialFaults)[number];

/** Why there is no verdict: the gate stays closed. */
export const noVerdictReasons = ['set-not-whole', 'set-unavailable', 'set-too-slow', 'keys-unavailable'] as const;
export type NoVerdictReason = (typeof noVerdictReasons)[number];

/** Why a token is refused, as `libs/tokens` says it. */
export const tokenRejections = [
  'oversized',
  'malformed',
  'wrong-type',
  'algorithm-not-allowed',
  'unknown-key',
  'bad-signature',
  'expired',
  'not-yet-valid',
  'wrong-issuer',
  'wrong-audience',
] as const satisfies readonly TokenRejection[];

export type RefusalReason = CredentialFault | TokenRejection | 'revoked';

/** What the edge answers (docs/architecture.md, section 7). The reasons are stable: they are logged and counted. */
export type Verdict =
  | { readonly outcome: 'granted'; readonly token: VerifiedToken }
  | { readonly outcome: 'refused'; readonly reason: 'revoked'; readonly token: VerifiedToken }
  | { readonly outcome: 'refused'; readonly reason: Exclude<RefusalReason, 'revoked'> }
  | { readonly outcome: 'none'; readonly reason: NoVerdictReason };

export type Refused = Extract<Verdict, { outcome: 'refused' }>;
export type NoVerdict = Extract<Verdict, { outcome: 'none' }>;
