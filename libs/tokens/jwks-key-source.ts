import type { JWK } from 'jose';
import { type KeySource, KeysUnavailable, type VerificationKey } from './key-source.js';
import { Listeners } from './listeners.js';
import { verificationKey } from './public-jwk.js';

export interface JwksKeySourceSettings {
  readonly url: string;
  readonly now: () => number;
  /** Two fetches are at least this far apart, whatever keys are asked for. 10 s when not given. */
  readonly minIntervalMs?: number;
  /** Keys older than this are fetched again, while they serve on. 1 minute when not given. */
  readonly maxAgeMs?: number;
  /** How long keys serve when the server cannot be asked. 1 day when not given. */
  readonly keepMs?: number;
  /** How long one fetch may take. 5 s when not given. */
  readonly timeoutMs?: number;
}

/** More than any honest key set holds. */
const MOST_KEYS = 1000;
const MOST_BYTES = 1024 * 1024;

/**
 * The keys of an issuer in another process, from its JWKS URL. A key that is not known causes one fetch at most each
 * `minIntervalMs`; a server that is down leaves the known keys in use for `keepMs`. Call {@link refresh} every
 * `maxAgeMs`, so that a key that is gone is noticed while every token comes out of a cache.
 */
export class JwksKeySource implements KeySource {
  readonly #settings: Required<JwksKeySourceSettings>;
  readonly #listeners = new Listeners();
  #keys: ReadonlyMap<string, VerificationKey> = new Map();
  /** When the keys that are held were asked for. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #trouble: unknown = null;
  #fetching: Promise<void> | null = null;

  constructor(settings: JwksKeySourceSettings) {
    this.#settings = { minIntervalMs: 10_000, maxAgeMs: 60_000, keepMs: 86_400_000, timeoutMs: 5_000, ...settings };
  }

  async find(kid: string): Promise<VerificationKey | null> {
    const known = this.#usable().get(kid);
    if (known !== undefined) {
      if (this.#age() >= this.#settings.maxAgeMs) void this.#fetchSoon();
      return known;
    }
    await this.#fetchSoon();
    const found = this.#usable().get(kid);
    if (found !== undefined) return found;
    // Only an answer of the server can say that there is no such key.
    if (this.#trouble !== null)
      throw new KeysUnavailable(`no keys from ${this.#settings.url}`, { cause: this.#trouble });
    return null;
  }

  onRemoved(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Fetches the keys, unless that was done or tried just now. Rejects with {@link KeysUnavailable}. */
  async refresh(): Promise<void> {
    await this.#fetchSoon();
    if (this.#trouble !== null)
      throw new KeysUnavailable(`no keys from ${this.#settings.url}`, { cause: this.#trouble });
  }

  /** Resolves when a fetch that is under way, or that is due by now, has ended; never rejects. */
  async #fetchSoon(): Promise<void> {
    if (this.#fetching === null) {
      if (this.#settings.now() - this.#triedAt < this.#settings.minIntervalMs) return;
      this.#triedAt = this.#settings.now();
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = null;
      });
    }
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const startedAt = this.#settings.now();
    const before = this.#keys;
    try {
      this.#keys = await fetchKeys(this.#settings.url, this.#settings.timeoutMs);
      this.#fetchedAt = startedAt;
      this.#trouble = null;
    } catch (error) {
      this.#trouble = error;
    }
    if ([...before.keys()].some((kid) => !this.#keys.has(kid))) this.#listeners.tell();
  }

  #usable(): ReadonlyMap<string, VerificationKey> {
    return this.#age() < this.#settings.keepMs ? this.#keys : new Map();
  }

  #age(): number {
    return this.#settings.now() - this.#fetchedAt;
  }
}

async function fetchKeys(url: string, timeoutMs: number): Promise<Map<string, VerificationKey>> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the key server answered ${response.status}`);
  }
  const keys = await Promise.all(entriesOf(JSON.parse(await textOf(response))).map(verificationKey));
  return new Map(keys.filter((key) => key !== null).map((key) => [key.kid, key]));
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the key set is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function entriesOf(set: unknown): JWK[] {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) {
    throw new Error('the key server answered something that is no key set');
  }
  if (set.keys.length > MOST_KEYS) throw new Error('the key set is too large');
  return set.keys.filter((entry) => typeof entry === 'object' && entry !== null);
}
