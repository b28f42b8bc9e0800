import type { Collection, CollectionSpec, Documents } from '#libs/documents';

/** What a client says of the device that it runs on. */
export interface Device {
  readonly platform?: string;
  readonly platformVersion?: string;
  readonly sdkVersion?: string;
  readonly appId?: string;
  readonly appVersion?: string;
}

/** One sign-in, which all its tokens name. */
export interface Session {
  readonly sid: string;
  readonly app: string;
  readonly userId: string;
  /** The version of the user's stream when it began; its tokens carry it for ever (docs/architecture.md, section 2). */
  readonly version: number;
  /** The same, of the app's stream. */
  readonly appVersion: number;
  readonly createdAt: number;
  /** When its refresh token expires. */
  readonly expiresAt: number;
  readonly lastUsedAt: number;
  readonly deviceId: string;
  readonly device?: Device;
  /** How the user signed in: `local-userpass` and so on. */
  readonly provider: string;
  /** When it was revoked by itself. Its user's or app's watermark may have killed it all the same. */
  readonly revokedAt?: number;
}

export interface NewSession extends Pick<Session, 'app' | 'userId' | 'version' | 'appVersion' | 'device' | 'provider'> {
  /** The id that the device was given before; null for a new one. */
  readonly deviceId: string | null;
}

type SessionDocument = Omit<Session, 'sid'> & { readonly _id: string };

const sessionsSpec: CollectionSpec<SessionDocument> = {
  name: 'sessions',
  indexes: [{ keys: { userId: 1, createdAt: -1, _id: -1 } }, { keys: { expiresAt: 1 } }],
};

export interface SessionsSettings {
  /** How long a session lasts: the life of its refresh token. */
  readonly lifeMs: number;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Sessions, in the collection `sessions`. Every method rejects with `StoreUnavailable` when the store is away. */
export class Sessions {
  readonly #collection: Collection<SessionDocument>;
  readonly #settings: SessionsSettings;

  private constructor(collection: Collection<SessionDocument>, settings: SessionsSettings) {
    this.#collection = collection;
    this.#settings = settings;
  }

  static async open(documents: Documents, settings: SessionsSettings): Promise<Sessions> {
    return new Sessions(await documents.collection(sessionsSpec), settings);
  }

  async begin(session: NewSession): Promise<Session> {
    const { now, newId, lifeMs } = this.#settings;
    const createdAt = now();
    const document = {
      ...session,
      _id: newId(),
      deviceId: session.deviceId ?? newId(),
      createdAt,
      expiresAt: createdAt + lifeMs,
      lastUsedAt: createdAt,
    };
    await this.#collection.insertOne(document);
    return sessionOf(document);
  }

  /** Null when it never was, was erased, or expired and was swept. */
  async find(sid: string): Promise<Session | null> {
    const found = await this.#collection.findOne({ _id: sid });
    return found === null ? null : sessionOf(found);
  }

  /** The user's sessions that were not revoked by themselves and have not expired, newest first. */
  async listOf(userId: string, limit: number): Promise<Session[]> {
    const found = await this.#collection.find(
      { userId, revokedAt: null, expiresAt: { $gt: this.#settings.now() } },
      { sort: { createdAt: -1, _id: -1 }, limit },
    );
    return found.map(sessionOf);
  }

  /** Remembers that the session was used just now. */
  async used(sid: string): Promise<void> {
    await this.#collection.updateOne({ _id: sid }, { $max: { lastUsedAt: this.#settings.now() } });
  }

  /** Marks the session revoked at a time; a time that is there stays. False when there is no such session. */
  async markRevoked(sid: string, at = this.#settings.now()): Promise<boolean> {
    const { matched } = await this.#collection.updateOne({ _id: sid, revokedAt: null }, { $set: { revokedAt: at } });
    return matched || (await this.#collection.findOne({ _id: sid })) !== null;
  }

  /** Erases every session of the user. */
  async eraseOf(userId: string): Promise<number> {
    return this.#collection.deleteMany({ userId });
  }

  /** Deletes expired sessions, `batch` at a time, and says how many there were. */
  async sweepExpired(now = this.#settings.now(), batch = 500): Promise<number> {
    for (let swept = 0; ; ) {
      const expired = await this.#collection.find(
        { expiresAt: { $lte: now } },
        { sort: { expiresAt: 1 }, limit: batch },
      );
      if (expired.length > 0)
        swept += await this.#collection.deleteMany({ _id: { $in: expired.map((one) => one._id) } });
      if (expired.length < batch) return swept;
    }
  }
}

function sessionOf({ _id, ...rest }: SessionDocument): Session {
  return { ...rest, sid: _id };
}
