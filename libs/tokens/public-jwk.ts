import { importJWK, type JWK } from 'jose';
import { isSigningAlgorithm, type SigningAlgorithm } from './algorithm.js';
import type { VerificationKey } from './key-source.js';

/** The public members of a key, and no others (RFC 7518, section 6; RFC 8037, section 2). */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string };

/** One entry of a published key set (RFC 7517, section 4). */
export type PublishedJwk = PublicJwk & {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: SigningAlgorithm;
};

/** A key set as it is published (RFC 7517, section 5). */
export interface Jwks {
  readonly keys: readonly PublishedJwk[];
}

/** The public part of a key, made by picking: what is not named here can never be published. Null: not a kind that we use. */
export function publicPart(jwk: JWK): PublicJwk | null {
  const { kty, crv, x, y, n, e } = jwk;
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) return { kty: 'EC', crv, x, y };
  if (kty === 'RSA' && n !== undefined && e !== undefined) return { kty: 'RSA', n, e };
  if (kty === 'OKP' && crv !== undefined && x !== undefined) return { kty: 'OKP', crv, x };
  return null;
}

/**
 * Makes a verification key of an entry of a key set. Null when the entry is of no use to us (another use, algorithm or
 * kind of key, a weak or a damaged one): such entries are passed over (RFC 7517, section 5).
 */
export async function verificationKey(entry: JWK): Promise<VerificationKey | null> {
  const { kid, alg, use } = entry;
  const jwk = publicPart(entry);
  if (typeof kid !== 'string' || !isSigningAlgorithm(alg) || jwk === null) return null;
  if (use !== undefined && use !== 'sig') return null;
  try {
    const key = await importJWK({ ...jwk }, alg);
    if (key instanceof Uint8Array || isWeak(jwk)) return null;
    return { kid, algorithm: alg, key };
  } catch {
    return null;
  }
}

/** RSA under 2048 bits (RFC 7518, section 3.3). */
function isWeak(jwk: PublicJwk): boolean {
  return jwk.kty === 'RSA' && Buffer.from(jwk.n, 'base64url').length < 2048 / 8;
}
