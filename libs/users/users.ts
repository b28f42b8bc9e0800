import { LRUCache } from 'lru-cache';
import { type Collection, type CollectionSpec, type Documents, DuplicateKey } from '#libs/documents';
import type { UserStatus } from '#libs/domain';
import type { EventStore } from '#libs/event-store';
import { foldUserDocument, isUserEvent, type UserDocument, type UserEvent, userDocumentId } from './user-document.js';

export const usersCollection: CollectionSpec<UserDocument> = {
  name: 'users',
  indexes: [{ keys: { app: 1, status: 1, userId: 1 } }],
};

/** Events between the document and the event to fold are neither here nor in the stream. */
export class ProjectionGap extends Error {
  readonly code = 'projection-gap';
}

export interface UserQuery {
  readonly app: string;
  readonly statuses: readonly UserStatus[];
  /** Only users after this id, in order of id; null begins at the first. */
  readonly after: string | null;
  readonly limit: number;
}

const pageOfEvents = 500;
/** Of so many users the document is remembered as it was written last. */
const mostRecent = 10_000;

/** The user documents: a projection of the log, folded event by event and gated by version. */
export class Users {
  private readonly recent = new LRUCache<string, UserDocument>({ max: mostRecent });

  private constructor(
    private readonly documents: Collection<UserDocument>,
    private readonly store: EventStore,
  ) {}

  static async open(documents: Documents, store: EventStore): Promise<Users> {
    return new Users(await documents.collection(usersCollection), store);
  }

  /**
   * Folds one event into its user's document. Repeated and late events change nothing, whoever else is projecting.
   * @throws ProjectionGap when an event before this one is nowhere to be found.
   */
  async project(event: UserEvent): Promise<void> {
    if (await this.projectNext(event)) return;
    for (;;) {
      const current = await this.stored(event.app, event.userId);
      if (current && current.version >= event.version) return;
      const next = await this.foldUpTo(current, event);
      if (await this.replace(current, next)) return;
    }
  }

  /** A user as of the newest event, even one that is not projected yet; null when there is no such user. */
  async get(app: string, userId: string): Promise<UserDocument | null> {
    let document = await this.stored(app, userId);
    for (;;) {
      const newer = await this.store.read({ app, userId }, document?.version ?? 0, pageOfEvents);
      for (const event of newer) if (isUserEvent(event)) document = foldUserDocument(document, event);
      if (newer.length < pageOfEvents) return document;
    }
  }

  /** A page of users as projected, in order of id. */
  async list(query: UserQuery): Promise<UserDocument[]> {
    return await this.documents.find(
      {
        app: query.app,
        status: { $in: query.statuses },
        ...(query.after === null ? {} : { userId: { $gt: query.after } }),
      },
      { sort: { userId: 1 }, limit: query.limit },
    );
  }

  /**
   * Without a read, when it is known what the document was before this event: a first event had none, and the document
   * that was written here last may be the one before. False when it was something else.
   */
  private async projectNext(event: UserEvent): Promise<boolean> {
    const before = event.version === 1 ? null : this.recent.get(userDocumentId(event.app, event.userId));
    if (before === undefined || (before?.version ?? 0) !== event.version - 1) return false;
    return await this.replace(before, foldUserDocument(before, event));
  }

  private async stored(app: string, userId: string): Promise<UserDocument | null> {
    return await this.documents.findOne({ _id: userDocumentId(app, userId) });
  }

  private async foldUpTo(document: UserDocument | null, event: UserEvent): Promise<UserDocument> {
    let folded = document;
    while ((folded?.version ?? 0) < event.version - 1) {
      const missing = await this.store.read(event, folded?.version ?? 0, pageOfEvents);
      const [first] = missing;
      if (first?.version !== (folded?.version ?? 0) + 1) {
        throw new ProjectionGap(`events of ${event.userId} after version ${folded?.version ?? 0} are missing`);
      }
      for (const earlier of missing) if (isUserEvent(earlier)) folded = foldUserDocument(folded, earlier);
    }
    return foldUserDocument(folded, event);
  }

  /** False when somebody else changed the document meanwhile. */
  private async replace(current: UserDocument | null, next: UserDocument): Promise<boolean> {
    const replaced = await this.write(current, next);
    if (replaced) this.recent.set(next._id, next);
    else this.recent.delete(next._id);
    return replaced;
  }

  private async write(current: UserDocument | null, next: UserDocument): Promise<boolean> {
    if (current) {
      const { _id, ...fields } = next;
      return (await this.documents.updateOne({ _id, version: current.version }, { $set: fields })).matched;
    }
    try {
      await this.documents.insertOne(next);
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }
}
