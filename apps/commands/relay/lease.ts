import { type Collection, type CollectionSpec, type Document, type Documents, DuplicateKey } from '#libs/documents';

interface LeaseDocument extends Document {
  readonly holder: string;
  /** Until then nobody else takes it, ms. */
  readonly until: number;
}

const leasesCollection: CollectionSpec<LeaseDocument> = { name: 'leases', indexes: [] };

export interface LeaseOptions {
  readonly name: string;
  /** Who asks: unique for each process. */
  readonly holder: string;
  /** How long it is held without being renewed. */
  readonly lifeMs: number;
  readonly now: () => number;
}

/**
 * A piece of work that one process does for all. Taken and renewed by compare-and-set; it runs out by the clocks of the
 * processes, so for a moment two may hold it: the work must bear that.
 */
export class Lease {
  private constructor(
    private readonly leases: Collection<LeaseDocument>,
    private readonly options: LeaseOptions,
  ) {}

  static async open(documents: Documents, options: LeaseOptions): Promise<Lease> {
    return new Lease(await documents.collection(leasesCollection), options);
  }

  /** Renews it, or takes it if it has run out. Says whether it is held now. */
  async hold(): Promise<boolean> {
    const { name, holder, lifeMs, now } = this.options;
    const $set = { holder, until: now() + lifeMs };
    if ((await this.leases.updateOne({ _id: name, holder }, { $set })).matched) return true;
    if ((await this.leases.updateOne({ _id: name, until: { $lt: now() } }, { $set })).matched) return true;
    return this.begin($set);
  }

  /** Lets another process have it at once. */
  async release(): Promise<void> {
    const { name, holder } = this.options;
    await this.leases.updateOne({ _id: name, holder }, { $set: { until: 0 } });
  }

  private async begin(fields: Omit<LeaseDocument, '_id'>): Promise<boolean> {
    const { name } = this.options;
    if (await this.leases.findOne({ _id: name })) return false;
    try {
      await this.leases.insertOne({ _id: name, ...fields });
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }
}
