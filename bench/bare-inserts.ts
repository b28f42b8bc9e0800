import type { Collection } from '#libs/documents';
import type { StoredEvent } from '#libs/event-store';

/** Inserts of one event after the other into a collection, as a program has it, and nothing else. */
export class BareInserts {
  #inserted = 0;

  constructor(
    private readonly documents: Collection<StoredEvent>,
    private readonly example: StoredEvent,
  ) {}

  /** `writers` at once, `each` documents a writer; gives how many a second that were. */
  async run(writers: number, each: number): Promise<number> {
    const began = performance.now();
    const write = async () => {
      for (let done = 0; done < each; done += 1) await this.insert();
    };
    await Promise.all(Array.from({ length: writers }, write));
    return (writers * each * 1_000) / (performance.now() - began);
  }

  async insert(): Promise<void> {
    this.#inserted += 1;
    const _id = `main/${String(this.#inserted).padStart(24, '0')}:0000000001`;
    await this.documents.insertOne({ ...this.example, _id });
  }
}
