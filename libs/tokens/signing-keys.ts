import type { CryptoKey } from 'jose';
import { type Collection, type Documents, DuplicateKey } from '#libs/documents';
import type { SigningAlgorithm } from './algorithm.js';
import type { KeySource, VerificationKey } from './key-source.js';
import { publishedAt, signingAt } from './key-timeline.js';
import { Listeners } from './listeners.js';
import { type LoadedKey, loadKey } from './loaded-key.js';
import type { Jwks } from './public-jwk.js';
import { makeSigningKey, type SigningKeyDocument, signingKeysSpec } from './signing-key-document.js';

export interface SigningKeysSettings {
  readonly algorithm: SigningAlgorithm;
  /** How long a new key is published before it signs. More than edges take to fetch it; 0 when they share the process. */
  readonly publishAheadMs: number;
  /** The longer of the access and the refresh life. */
  readonly longestTokenLifeMs: number;
  /** How far clocks may differ. */
  readonly skewMs: number;
  /** How old what this process knows of the keys may be: what another process did shows no later. 5 s when not given. */
  readonly reloadMs?: number;
  readonly now: () => number;
}

/** What a token is signed with. The key cannot be exported. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: CryptoKey;
}

/** What ops see of a key. */
export interface SigningKeyInfo {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly createdAt: number;
  readonly signsFrom: number;
}

/** Two loads for a key that is not known are at least this far apart, so that made-up names cost next to nothing. */
const UNKNOWN_KEY_MS = 100;
/** A key a day for a year and more. */
const MOST_KEYS = 1000;

/**
 * The issuer's keys, in the collection `signing_keys` that all its processes share. Keys overlap: a new one is published
 * at once and signs after `publishAheadMs`; an old one stays published until the last token that it signed has expired.
 * Call {@link refresh} every few seconds and {@link sweep} now and then. Every method rejects with `StoreUnavailable`
 * when the keys cannot be read, or `SigningKeyUnusable`.
 */
export class SigningKeys implements KeySource {
  readonly #collection: Collection<SigningKeyDocument>;
  readonly #settings: SigningKeysSettings;
  readonly #reloadMs: number;
  readonly #listeners = new Listeners();
  #keys: ReadonlyMap<string, LoadedKey> = new Map();
  #loadedAt = Number.NEGATIVE_INFINITY;
  #lastLoad: Promise<void> = Promise.resolve();
  #freshening: Promise<void> | null = null;

  private constructor(collection: Collection<SigningKeyDocument>, settings: SigningKeysSettings) {
    this.#collection = collection;
    this.#settings = settings;
    this.#reloadMs = settings.reloadMs ?? 5_000;
  }

  /** Makes the first key where there is none, and rotates when the newest one is of another algorithm than the setting. */
  static async open(documents: Documents, settings: SigningKeysSettings): Promise<SigningKeys> {
    const collection = await documents.collection(signingKeysSpec);
    const keys = new SigningKeys(collection, settings);
    // A longer life than before holds for the tokens to come of keys that are there; a shorter one frees nothing.
    await collection.updateMany({}, { $max: { longestLifeMs: settings.longestTokenLifeMs } });
    const newest = await keys.#newest();
    if (newest === null) await keys.#add(0);
    else if (newest.algorithm !== settings.algorithm) await keys.rotate();
    else await keys.refresh();
    return keys;
  }

  /** The key to sign with now. */
  async signer(): Promise<Signer> {
    await this.#freshen();
    const key = signingAt([...this.#keys.values()], this.#settings.now());
    if (key === null) throw new Error(`${signingKeysSpec.name} holds no key: a new one is made at the next start`);
    return { kid: key.kid, algorithm: key.algorithm, privateKey: key.privateKey };
  }

  /** The public keys, for `/.well-known/jwks.json`. */
  async jwks(): Promise<Jwks> {
    await this.#freshen();
    return {
      keys: [...this.#keys.values()].map(({ publicJwk, kid, algorithm }) => ({
        ...publicJwk,
        kid,
        use: 'sig',
        alg: algorithm,
      })),
    };
  }

  /** The published keys, oldest first. */
  async list(): Promise<SigningKeyInfo[]> {
    await this.#freshen();
    return [...this.#keys.values()].map(({ kid, algorithm, createdAt, signsFrom }) => ({
      kid,
      algorithm,
      createdAt,
      signsFrom,
    }));
  }

  async find(kid: string): Promise<VerificationKey | null> {
    try {
      await this.#freshen();
      if (!this.#keys.has(kid) && this.#age() >= UNKNOWN_KEY_MS) await this.#freshen(UNKNOWN_KEY_MS);
    } catch (error) {
      if (!this.#keys.has(kid)) throw error; // A known key serves on while the store is away.
    }
    return this.#keys.get(kid)?.verification ?? null;
  }

  onRemoved(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Publishes a new key, which signs after `publishAheadMs`. Of two processes that rotate at once, one makes the key. */
  async rotate(): Promise<SigningKeyInfo> {
    return this.#add(this.#settings.now() + this.#settings.publishAheadMs);
  }

  /**
   * Removes a key at once, for one that has leaked: every token that it signed is dead. Where it signs, or was to, a new
   * one takes over without waiting. False when there is no such key.
   */
  async remove(kid: string): Promise<boolean> {
    await this.refresh();
    const key = this.#keys.get(kid);
    if (key === undefined) return false;
    while (!this.#hasHeir(key)) await this.#add(this.#settings.now());
    const removed = await this.#collection.deleteOne({ _id: key._id });
    await this.refresh();
    return removed;
  }

  /** Reads the keys anew: what another process made or removed shows afterwards. */
  async refresh(): Promise<void> {
    // In turn, so that a slow read never replaces what a later one found.
    const load = this.#lastLoad.then(() => this.#load());
    this.#lastLoad = load.catch(() => undefined);
    return load;
  }

  /** Deletes the keys whose last token has expired. Returns how many there were. */
  async sweep(): Promise<number> {
    const stored = await this.#stored();
    const published = new Set(publishedAt(stored, this.#settings.now(), this.#graceMs()));
    const done = stored.filter((key) => !published.has(key)).map((key) => key._id);
    const swept = done.length === 0 ? 0 : await this.#collection.deleteMany({ _id: { $in: done } });
    await this.refresh();
    return swept;
  }

  async #add(signsFrom: number): Promise<SigningKeyInfo> {
    const generation = ((await this.#newest())?.generation ?? 0) + 1;
    const { algorithm, longestTokenLifeMs, now } = this.#settings;
    const made = await makeSigningKey({
      generation,
      algorithm,
      createdAt: now(),
      signsFrom,
      longestLifeMs: longestTokenLifeMs,
    });
    try {
      await this.#collection.insertOne(made);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error; // Otherwise another process made this generation: it serves.
    }
    await this.refresh();
    const key = [...this.#keys.values()].find((one) => one.generation === generation) ?? made;
    return { kid: key.kid, algorithm: key.algorithm, createdAt: key.createdAt, signsFrom: key.signsFrom };
  }

  /** Whether some later key signs already, so that this one never will again. */
  #hasHeir(key: LoadedKey): boolean {
    const now = this.#settings.now();
    return [...this.#keys.values()].some((one) => one.generation > key.generation && one.signsFrom <= now);
  }

  async #freshen(maxAgeMs = this.#reloadMs): Promise<void> {
    if (this.#age() < maxAgeMs) return;
    this.#freshening ??= this.refresh().finally(() => {
      this.#freshening = null;
    });
    return this.#freshening;
  }

  #age(): number {
    return this.#settings.now() - this.#loadedAt;
  }

  #graceMs(): number {
    return this.#settings.skewMs + this.#reloadMs;
  }

  async #stored(): Promise<SigningKeyDocument[]> {
    return this.#collection.find({}, { limit: MOST_KEYS });
  }

  async #newest(): Promise<SigningKeyDocument | null> {
    const stored = await this.#stored();
    return stored.reduce<SigningKeyDocument | null>(
      (newest, key) => (newest === null || key.generation > newest.generation ? key : newest),
      null,
    );
  }

  async #load(): Promise<void> {
    const startedAt = this.#settings.now();
    const published = publishedAt(await this.#stored(), startedAt, this.#graceMs());
    const before = this.#keys;
    const loaded = await Promise.all(published.map(async (key) => before.get(key.kid) ?? (await loadKey(key))));
    this.#keys = new Map(loaded.map((key) => [key.kid, key]));
    this.#loadedAt = startedAt;
    if ([...before.keys()].some((kid) => !this.#keys.has(kid))) this.#listeners.tell();
  }
}
