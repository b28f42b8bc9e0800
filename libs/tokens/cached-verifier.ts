import { LRUCache } from 'lru-cache';
import type { KeySource } from './key-source.js';
import type { TokenUse, TokenVerifier, Verification, VerifiedToken } from './verified-token.js';

export interface CachedVerifierSettings {
  readonly verifier: TokenVerifier;
  /** The cache is emptied when one of its keys is gone. */
  readonly keys: Pick<KeySource, 'onRemoved'>;
  readonly now: () => number;
  /** 20,000 when not given. */
  readonly maxEntries?: number;
}

/** A verifier that remembers the access tokens that it found good, until they expire. Refusals are never remembered. */
export interface CachedVerifier extends TokenVerifier {
  /**
   * The access token if it is remembered and has not expired at `now`, at the price of one look-up. Null says nothing
   * about the token: ask {@link verify}.
   */
  peek(token: string, now: number): VerifiedToken | null;
  /** Forgets everything. */
  clear(): void;
  /** How many tokens are remembered. */
  readonly size: number;
}

/** V8 hashes every character of a new string, so the key is the end of the signature, and the whole is compared after. */
const KEY_CHARS = 24;

export function cachedVerifier({ verifier, keys, now, maxEntries = 20_000 }: CachedVerifierSettings): CachedVerifier {
  const cache = new LRUCache<string, { readonly text: string; readonly token: VerifiedToken }>({ max: maxEntries });
  let clearings = 0;

  function peek(text: string, time: number): VerifiedToken | null {
    const entry = cache.get(text.slice(-KEY_CHARS));
    return entry !== undefined && entry.text === text && time < entry.token.expiresAt ? entry.token : null;
  }

  function clear(): void {
    clearings += 1;
    cache.clear();
  }

  async function verify(text: string, use: TokenUse): Promise<Verification> {
    if (use !== 'access') return verifier.verify(text, use);
    const known = peek(text, now());
    if (known !== null) return { ok: true, token: known };
    const clearingsBefore = clearings;
    const verification = await verifier.verify(text, use);
    // A key that went while this was checked may be the one that it was checked with.
    if (verification.ok && clearings === clearingsBefore) {
      cache.set(text.slice(-KEY_CHARS), { text, token: verification.token });
    }
    return verification;
  }

  keys.onRemoved(clear);
  return {
    peek,
    verify,
    clear,
    get size() {
      return cache.size;
    },
  };
}
