import { compactVerify } from 'jose';
import { isSigningAlgorithm } from './algorithm.js';
import type { KeySource, VerificationKey } from './key-source.js';
import { type ClaimRules, readClaims, refusedFor } from './read-claims.js';
import { type JsonObject, readHeader, readObject } from './read-compact.js';
import { headerTypes } from './token-issuer.js';
import type { TokenUse, TokenVerifier, Verification } from './verified-token.js';

export interface TokenVerifierSettings extends ClaimRules {
  readonly keys: KeySource;
  readonly now: () => number;
  /** Longer tokens are refused unread. 8 KiB when not given. */
  readonly maxBytes?: number;
}

/**
 * A strict verifier of our own tokens. The algorithm is the one of the key that the header names; nothing else in the
 * header is trusted (RFC 8725, sections 3.1 to 3.11). Refuses every bad token and rejects only when the keys cannot be
 * asked for: `KeysUnavailable`, `StoreUnavailable`.
 */
export function createTokenVerifier(settings: TokenVerifierSettings): TokenVerifier {
  const { keys, now, maxBytes = 8 * 1024 } = settings;
  return {
    async verify(token: string, use: TokenUse): Promise<Verification> {
      if (token.length > maxBytes) return refusedFor('oversized');
      const header = readHeader(token);
      // We know no extension, so whatever is called critical we must refuse (RFC 7515, section 4.1.11).
      if (header === null || 'crit' in header) return refusedFor('malformed');
      if (!isSigningAlgorithm(header.alg)) return refusedFor('algorithm-not-allowed');
      if (!isOfUse(header, use)) return refusedFor('wrong-type');
      const key = typeof header.kid === 'string' ? await keys.find(header.kid) : null;
      if (key === null) return refusedFor('unknown-key');
      if (header.alg !== key.algorithm) return refusedFor('algorithm-not-allowed');
      const payload = await readSigned(token, key);
      if (payload === null) return refusedFor('bad-signature');
      const claims = readObject(payload);
      return claims === null ? refusedFor('malformed') : readClaims(claims, use, settings, now());
    },
  };
}

/** `application/` may be left out (RFC 7515, section 4.1.9). */
function isOfUse(header: JsonObject, use: TokenUse): boolean {
  return header.typ === headerTypes[use] || header.typ === `application/${headerTypes[use]}`;
}

/** The signed bytes, or null when the key did not sign them. */
async function readSigned(token: string, { key, algorithm }: VerificationKey): Promise<Uint8Array | null> {
  try {
    return (await compactVerify(token, key, { algorithms: [algorithm] })).payload;
  } catch {
    return null;
  }
}
