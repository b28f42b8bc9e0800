import type { JsonObject } from './read-compact.js';
import type { TokenRejection, TokenUse, Verification } from './verified-token.js';

/** What the claims are held against. */
export interface ClaimRules {
  readonly issuer: string;
  readonly audience: string;
  /** How far clocks may differ. */
  readonly skewMs: number;
}

/** Longer than any id that we make or accept. */
const MOST_CHARS = 256;
/** The last second that a `Date` can hold. */
const LAST_SECOND = 8_640_000_000_000;

/** Checks the claims of a token whose signature is good, at a time in ms since the epoch (RFC 9068, section 4). */
export function readClaims(claims: JsonObject, use: TokenUse, rules: ClaimRules, now: number): Verification {
  if (claims.typ !== use) return refusedFor('wrong-type');
  if (claims.iss !== rules.issuer) return refusedFor('wrong-issuer');
  if (!isFor(rules.audience, claims.aud)) return refusedFor('wrong-audience');
  const { sub, app, sid, ver, app_ver: appVer, iat, exp, nbf = 0 } = claims;
  if (!isName(sub) || !isName(app) || !isName(sid) || !isVersion(ver) || !isVersion(appVer)) {
    return refusedFor('malformed');
  }
  if (!isSecond(iat) || !isSecond(exp) || !isSecond(nbf)) return refusedFor('malformed');
  if (now >= exp * 1000 + rules.skewMs) return refusedFor('expired');
  if (Math.max(nbf, iat) * 1000 > now + rules.skewMs) return refusedFor('not-yet-valid');
  const token = {
    use,
    userId: sub,
    app,
    version: ver,
    appVersion: appVer,
    sid,
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
    claims: Object.freeze(claims),
  };
  return { ok: true, token: Object.freeze(token) };
}

export function refusedFor(reason: TokenRejection): Verification {
  return { ok: false, reason };
}

/** `aud` is one name or several (RFC 7519, section 4.1.3). */
function isFor(audience: string, aud: unknown): boolean {
  return aud === audience || (Array.isArray(aud) && aud.includes(audience));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MOST_CHARS;
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A NumericDate (RFC 7519, section 2). */
function isSecond(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}
