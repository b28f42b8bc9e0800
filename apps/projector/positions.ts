import type { Collection, CollectionSpec, Document, Documents } from '#libs/documents';

interface PositionDocument extends Document {
  readonly position: number;
}

export const projectionsCollection: CollectionSpec<PositionDocument> = { name: 'projections', indexes: [] };

/** A position is written once in so long, however much is read meanwhile. */
const saveEveryMs = 1_000;

/**
 * How far a projection has followed the log, for each partition, kept in the same store as the data that it describes:
 * a store put back from a backup goes on from where that backup was.
 */
export class StoredPositions {
  private readonly unsaved = new Map<number, number>();
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    private readonly projection: string,
    private readonly documents: Collection<PositionDocument>,
  ) {}

  static async open(documents: Documents, projection: string): Promise<StoredPositions> {
    return new StoredPositions(projection, await documents.collection(projectionsCollection));
  }

  /** As it is stored; null when nothing of the partition has been handled. */
  async of(partition: number): Promise<number | null> {
    return (await this.documents.findOne({ _id: this.id(partition) }))?.position ?? null;
  }

  /**
   * What is before the position has been handled. It is written after the data, within a second, so that a crash in between
   * repeats entries and never skips one. While the store is away, it waits.
   */
  reached(partition: number, position: number): void {
    this.unsaved.set(partition, position);
    this.saveLater();
  }

  /** Writes what has not been written yet. Rejects with `StoreUnavailable`; then it is tried again, later. */
  async save(): Promise<void> {
    const positions = [...this.unsaved];
    this.unsaved.clear();
    const writes = await Promise.allSettled(positions.map(([partition, position]) => this.write(partition, position)));
    for (const write of writes) if (write.status === 'rejected') throw write.reason;
  }

  private async write(partition: number, position: number): Promise<void> {
    try {
      await this.documents.updateOne({ _id: this.id(partition) }, { $set: { position } }, { upsert: true });
    } catch (error) {
      if (!this.unsaved.has(partition)) this.reached(partition, position);
      throw error;
    }
  }

  private saveLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      // That the store is away is told by whoever writes data.
      this.save().catch(() => undefined);
    }, saveEveryMs).unref();
  }

  private id(partition: number): string {
    return `${this.projection}:${partition}`;
  }
}
