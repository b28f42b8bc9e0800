import type { Collection, CollectionSpec, Document, Documents } from '#libs/documents';

interface AccessLife extends Document {
  readonly lifeMs: number;
  /** The last token that was issued with this life has expired by then. */
  readonly until: number;
}

const accessLivesSpec: CollectionSpec<AccessLife> = { name: 'access_token_lives', indexes: [] };

/** An issuer says {@link AccessLives.inUse} more often than this. */
const marginMs = 300_000;

/**
 * The lives of access tokens that are in use, or were lately. The revocation set must remember a fact for the longest of
 * them: lowering the setting must not free a token that was issued under the old one.
 */
export class AccessLives {
  private constructor(
    private readonly lives: Collection<AccessLife>,
    private readonly now: () => number,
  ) {}

  static async open(documents: Documents, now: () => number): Promise<AccessLives> {
    return new AccessLives(await documents.collection(accessLivesSpec), now);
  }

  /** Says that tokens of this life (ms) are being issued; to be repeated every few minutes for as long as they are. */
  async inUse(lifeMs: number): Promise<void> {
    const until = this.now() + lifeMs + marginMs;
    await this.lives.updateOne(
      { _id: String(lifeMs) },
      { $setOnInsert: { lifeMs }, $max: { until } },
      { upsert: true },
    );
  }

  /** The longest life (ms) of a token that may not have expired; 0 when there is none. */
  async longest(): Promise<number> {
    const lives = await this.lives.find({ until: { $gt: this.now() } }, { limit: 1_000 });
    return Math.max(0, ...lives.map(({ lifeMs }) => lifeMs));
  }

  async sweep(): Promise<number> {
    return await this.lives.deleteMany({ until: { $lte: this.now() } });
  }
}
