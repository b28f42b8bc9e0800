import type { Collection, Documents } from '#libs/documents';
import { eventsCollection, type StoredEvent } from './event-store.js';
import { wholeStream } from './stream.js';

const isUnsent = { $gte: 0 };

/**
 * The events that are in the store and, as far as the store knows, not on the log yet: what a relay works on. An event
 * is marked sent only when it and all before it in its stream are on the log. Every method rejects with
 * `StoreUnavailable` when the store cannot be asked.
 */
export class UnsentEvents {
  private constructor(private readonly events: Collection<StoredEvent>) {}

  static async open(documents: Documents): Promise<UnsentEvents> {
    return new UnsentEvents(await documents.collection(eventsCollection));
  }

  /** The oldest by time, at most `limit`, of all streams. */
  oldest(limit: number): Promise<StoredEvent[]> {
    return this.events.find({ unsent: isUnsent }, { sort: { unsent: 1 }, limit });
  }

  /** The unsent events of the stream to which the event with this `_id` belongs, lowest version first. */
  ofStream(key: string, limit: number): Promise<StoredEvent[]> {
    return this.events.find({ _id: wholeStream(key), unsent: isUnsent }, { sort: { _id: 1 }, limit });
  }

  /** Which of these `_id`s are those of unsent events. */
  async among(keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set();
    const found = await this.events.find({ _id: { $in: keys }, unsent: isUnsent }, { limit: keys.length });
    return new Set(found.map(({ _id }) => _id));
  }

  /** All of them, page by page, oldest first by time. One that is marked sent meanwhile may be left out. */
  async *pages(pageSize = 1_000): AsyncGenerator<readonly StoredEvent[]> {
    let seen = new Set<string>();
    for (let since = 0, limit = pageSize; ; ) {
      const found = await this.events.find({ unsent: { $gte: since } }, { sort: { unsent: 1 }, limit });
      const page = found.filter(({ _id }) => !seen.has(_id));
      yield page;
      if (found.length < limit) return;
      // Those of the last millisecond come again: they are told apart by id, and more are asked for if they fill a page.
      since = found.at(-1)?.unsent ?? since;
      seen = new Set(found.filter(({ unsent }) => unsent === since).map(({ _id }) => _id));
      limit = seen.size + pageSize;
    }
  }

  async markSent(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.events.updateMany({ _id: { $in: keys } }, { $unset: { unsent: true } });
  }

  /** How many there are, and the time of the oldest (ms; null when there are none). */
  async backlog(): Promise<{ readonly events: number; readonly oldestAt: number | null }> {
    const [events, [oldest]] = await Promise.all([this.events.countDocuments({ unsent: isUnsent }), this.oldest(1)]);
    return { events, oldestAt: oldest?.unsent ?? null };
  }
}
