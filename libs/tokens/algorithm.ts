/** The signature algorithms that tokens may carry (RFC 7518, section 3.1; RFC 8037). `EdDSA` is Ed25519 here. */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA';

export function isSigningAlgorithm(value: unknown): value is SigningAlgorithm {
  return value === 'ES256' || value === 'RS256' || value === 'EdDSA';
}
