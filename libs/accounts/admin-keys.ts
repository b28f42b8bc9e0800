import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Collection, type CollectionSpec, type Documents, DuplicateKey } from '#libs/documents';
import { hashOfKey, keyIdIn, makeKeyText } from './admin-key-text.js';
import type { AdminRole } from './admin-role.js';
import { EnvironmentKey, LastAdminKey } from './errors.js';

/** A key as it may be shown: without its text, which is nowhere. */
export interface AdminKey {
  readonly keyId: string;
  readonly name: string;
  readonly role: AdminRole;
  readonly createdAt: number;
  /** Null: in use. Otherwise it is being removed. */
  readonly disabledAt: number | null;
}

/** A key that was made just now. Its text is here for the only time. */
export type CreatedAdminKey = AdminKey & { readonly text: string };

/** Who calls. */
export type Admin = Pick<AdminKey, 'keyId' | 'name' | 'role'>;

interface AdminKeyDocument {
  readonly _id: string;
  /** SHA-256 of the key's text, base64url. */
  readonly secretHash: string;
  readonly name: string;
  readonly role: AdminRole;
  readonly createdAt: number;
  readonly disabledAt?: number;
}

const adminKeysSpec: CollectionSpec<AdminKeyDocument> = { name: 'admin_keys', indexes: [] };

export interface AdminKeysSettings {
  readonly now: () => number;
  readonly newId: () => string;
}

/** The ids of the two keys that processes starting at once must agree on. */
const FIRST = 'first';
const ENVIRONMENT = 'environment';
/** A key that was removed by another process works for this long at most. */
const CACHE_MS = 5_000;
const MOST_KEYS = 1000;
const MOST_CHARS = 1024;

/** The keys of administrators and services, in the collection `admin_keys`. Every method rejects with `StoreUnavailable` when the store is away. */
export class AdminKeys {
  readonly #collection: Collection<AdminKeyDocument>;
  readonly #settings: AdminKeysSettings;
  readonly #cache = new LRUCache<string, { readonly key: AdminKeyDocument | null; readonly readAt: number }>({
    max: MOST_KEYS,
  });
  #changes = 0;

  private constructor(collection: Collection<AdminKeyDocument>, settings: AdminKeysSettings) {
    this.#collection = collection;
    this.#settings = settings;
  }

  static async open(documents: Documents, settings: AdminKeysSettings): Promise<AdminKeys> {
    return new AdminKeys(await documents.collection(adminKeysSpec), settings);
  }

  /**
   * Sees at each start that there is a way in. A key from the environment is an admin key for as long as it is set, and
   * takes the place of the one before. Without it, and with no admin key at all, a first one is made and returned, to be
   * shown once; null otherwise. Of processes that start at once, one gets it.
   */
  async ensureFirst(fromEnvironment: string | null): Promise<CreatedAdminKey | null> {
    if (fromEnvironment !== null) {
      await this.#putEnvironmentKey(hashOfKey(fromEnvironment));
      return null;
    }
    const others = await this.#othersInUse(ENVIRONMENT);
    const first = others === 0 ? await this.#makeFirst() : null;
    await this.#collection.deleteOne({ _id: ENVIRONMENT });
    this.#forget(ENVIRONMENT);
    return first;
  }

  async create(key: { readonly name: string; readonly role: AdminRole }): Promise<CreatedAdminKey> {
    return this.#insert(this.#settings.newId(), key.name, key.role);
  }

  /** Oldest first. */
  async list(): Promise<AdminKey[]> {
    return (await this.#collection.find({}, { sort: { createdAt: 1, _id: 1 }, limit: MOST_KEYS })).map(keyOf);
  }

  /**
   * Removes a key, at once in this process and within 5 s elsewhere. False when there is none. Rejects with
   * {@link LastAdminKey} or {@link EnvironmentKey}.
   */
  async remove(keyId: string): Promise<boolean> {
    if (keyId === ENVIRONMENT) throw new EnvironmentKey();
    // Out of use first, then counted: of two that are removed at once, one at least sees that nothing would be left.
    const key = await this.#collection.findOneAndUpdate({ _id: keyId }, { $set: { disabledAt: this.#settings.now() } });
    if (key === null) return false;
    if (key.role === 'admin' && (await this.#othersInUse(keyId)) === 0) {
      await this.#collection.updateOne({ _id: keyId }, { $unset: { disabledAt: true } });
      throw new LastAdminKey();
    }
    this.#forget(keyId);
    await this.#collection.deleteOne({ _id: keyId });
    this.#forget(keyId);
    return true;
  }

  /** Whose key this is; null when it is nobody's. */
  async authenticate(text: string): Promise<Admin | null> {
    if (text === '' || text.length > MOST_CHARS) return null;
    const hash = hashOfKey(text);
    const keyId = keyIdIn(text);
    return (keyId === null ? null : await this.#matching(keyId, hash)) ?? (await this.#matching(ENVIRONMENT, hash));
  }

  async #matching(keyId: string, hash: string): Promise<Admin | null> {
    const key = await this.#read(keyId);
    if (key === null || key.disabledAt !== undefined) return null;
    const { name, role, secretHash } = key;
    return timingSafeEqual(Buffer.from(hash), Buffer.from(secretHash)) ? { keyId, name, role } : null;
  }

  async #read(keyId: string): Promise<AdminKeyDocument | null> {
    const startedAt = this.#settings.now();
    const cached = this.#cache.get(keyId);
    if (cached !== undefined && startedAt - cached.readAt < CACHE_MS) return cached.key;
    const changesBefore = this.#changes;
    const key = await this.#collection.findOne({ _id: keyId });
    // Made-up ids are not remembered, and nothing that was read before a removal.
    if ((key !== null || keyId === ENVIRONMENT) && this.#changes === changesBefore) {
      this.#cache.set(keyId, { key, readAt: startedAt });
    }
    return key;
  }

  #forget(keyId: string): void {
    this.#changes += 1;
    this.#cache.delete(keyId);
  }

  async #othersInUse(keyId: string): Promise<number> {
    return this.#collection.countDocuments({ _id: { $ne: keyId }, role: 'admin', disabledAt: null });
  }

  async #putEnvironmentKey(secretHash: string): Promise<void> {
    const update = {
      $set: { secretHash, name: 'ADMIN_API_KEY', role: 'admin' },
      $setOnInsert: { createdAt: this.#settings.now() },
    } as const;
    try {
      await this.#collection.updateOne({ _id: ENVIRONMENT }, update, { upsert: true });
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      await this.#collection.updateOne({ _id: ENVIRONMENT }, update, { upsert: true }); // Another process put it there.
    }
    this.#forget(ENVIRONMENT);
  }

  async #makeFirst(): Promise<CreatedAdminKey | null> {
    // A removal that a crash cut short may have left it, out of use.
    await this.#collection.deleteOne({ _id: FIRST, disabledAt: { $exists: true } });
    try {
      return await this.#insert(FIRST, 'first', 'admin');
    } catch (error) {
      if (error instanceof DuplicateKey) return null; // Another process made it, and shows it.
      throw error;
    }
  }

  async #insert(keyId: string, name: string, role: AdminRole): Promise<CreatedAdminKey> {
    const text = makeKeyText(keyId);
    const document = { _id: keyId, secretHash: hashOfKey(text), name, role, createdAt: this.#settings.now() };
    await this.#collection.insertOne(document);
    return { ...keyOf(document), text };
  }
}

function keyOf({ _id, name, role, createdAt, disabledAt }: AdminKeyDocument): AdminKey {
  return { keyId: _id, name, role, createdAt, disabledAt: disabledAt ?? null };
}
