import type { Collection, CollectionSpec, Document, Documents } from '#libs/documents';

interface PositionDocument extends Document {
  readonly position: number;
}

export const projectionsCollection: CollectionSpec<PositionDocument> = { name: 'projections', indexes: [] };

/**
 * How far a projection has followed the log, for each partition, kept in the same store as the data that it describes:
 * a store put back from a backup goes on from where that backup was.
 */
export class StoredPositions {
  private constructor(
    private readonly projection: string,
    private readonly documents: Collection<PositionDocument>,
  ) {}

  static async open(documents: Documents, projection: string): Promise<StoredPositions> {
    return new StoredPositions(projection, await documents.collection(projectionsCollection));
  }

  /** Null when nothing of the partition has been handled. */
  async of(partition: number): Promise<number | null> {
    return (await this.documents.findOne({ _id: this.id(partition) }))?.position ?? null;
  }

  /** Written after the data, so that a crash between the two repeats entries and never skips one. */
  async save(partition: number, position: number): Promise<void> {
    await this.documents.updateOne({ _id: this.id(partition) }, { $set: { position } }, { upsert: true });
  }

  private id(partition: number): string {
    return `${this.projection}:${partition}`;
  }
}
