import { type Collection, type CollectionSpec, type Documents, DuplicateKey } from '#libs/documents';

/** The password of one attempt at registering a user, until it is known which attempt made the user. */
interface CandidateDocument {
  readonly _id: string;
  readonly userId: string;
  readonly passwordHash: string;
  readonly at: number;
}

const candidatesSpec: CollectionSpec<CandidateDocument> = {
  name: 'registrations',
  indexes: [{ keys: { userId: 1 } }, { keys: { at: 1 } }],
};

/** The collection `registrations`. An attempt's document is written once and never changed, so that attempts cannot meet in it. */
export class Candidates {
  readonly #collection: Collection<CandidateDocument>;

  private constructor(collection: Collection<CandidateDocument>) {
    this.#collection = collection;
  }

  static async open(documents: Documents): Promise<Candidates> {
    return new Candidates(await documents.collection(candidatesSpec));
  }

  /** False when the attempt has a candidate already, which stays. */
  async add(userId: string, attempt: string, passwordHash: string, at: number): Promise<boolean> {
    try {
      await this.#collection.insertOne({ _id: idOf(userId, attempt), userId, passwordHash, at });
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }

  async passwordHashOf(userId: string, attempt: string): Promise<string | null> {
    return (await this.#collection.findOne({ _id: idOf(userId, attempt) }))?.passwordHash ?? null;
  }

  async dropAllOf(userId: string): Promise<number> {
    return this.#collection.deleteMany({ userId });
  }

  /** Oldest first. */
  async olderThan(time: number, limit: number): Promise<{ readonly id: string; readonly userId: string }[]> {
    const found = await this.#collection.find({ at: { $lt: time } }, { sort: { at: 1 }, limit });
    return found.map(({ _id, userId }) => ({ id: _id, userId }));
  }

  async drop(id: string): Promise<boolean> {
    return this.#collection.deleteOne({ _id: id });
  }
}

function idOf(userId: string, attempt: string): string {
  return `${userId}:${attempt}`;
}
