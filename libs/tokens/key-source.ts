import type { CryptoKey } from 'jose';
import type { SigningAlgorithm } from './algorithm.js';

/** A public key as a verifier uses it. The algorithm is the key's own: a token's header has no say in it (RFC 8725, 3.1). */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly key: CryptoKey;
}

/** Where a verifier finds the issuer's public keys. */
export interface KeySource {
  /** Null: there is no such key. Rejects with {@link KeysUnavailable} or `StoreUnavailable` when that cannot be told. */
  find(kid: string): Promise<VerificationKey | null>;
  /** Calls the listener after a key was found to be gone; what it verified must not be trusted further. Returns the way to stop. */
  onRemoved(listener: () => void): () => void;
}

/** The issuer's keys cannot be asked for, so no token can be judged: neither good nor bad. */
export class KeysUnavailable extends Error {
  readonly code = 'keys-unavailable';
}
