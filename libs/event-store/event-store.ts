import { randomUUID } from 'node:crypto';
import { type Collection, type CollectionSpec, type Document, type Documents, DuplicateKey } from '#libs/documents';
import {
  type AppFact,
  type AppState,
  type AppStep,
  type CommandContext,
  currentRevision,
  evolveApp,
  evolveUser,
  type Fact,
  newApp,
  type RawEvent,
  type RecordedEvent,
  type UserFact,
  type UserState,
  type UserStep,
  unknownUser,
} from '#libs/domain';
import { readEvent } from './read-event.js';
import { eventKey, logKey, rangeAfter, type StreamId } from './stream.js';

/** An event as it is stored. The log of embedded storage reads `key` and `event` of the same documents. */
export interface StoredEvent extends Document {
  readonly key: string;
  readonly event: RawEvent;
  /** The state after the event, so that loading a stream is one read, however long it is. */
  readonly state: UserState | AppState;
  /** The event's time, until the relay has carried the event to the log; absent where append and log are one write. */
  readonly unsent?: number;
}

export const eventsCollection: CollectionSpec<StoredEvent> = {
  name: 'events',
  indexes: [{ keys: { unsent: 1 }, sparse: true }],
};

/** Somebody appended this version first. The command can be decided again on the new state. */
export class VersionConflict extends Error {
  readonly code = 'version-conflict';
  constructor(readonly expectedVersion: number) {
    super(`another command changed this stream after version ${expectedVersion}; send the command again`);
  }
}

export interface Appended<S> {
  readonly event: RecordedEvent;
  readonly state: S;
}

/** A user of an app, as a stream. */
export interface UserRef {
  readonly app: string;
  readonly userId: string;
}

/** Told of an event that was appended, and whether all events before it in its stream are known to be on the log. */
export type AppendListener = (stored: StoredEvent, followsSent: boolean) => void;

/**
 * The truth: one stream of events a user and one an app, each event appended at an expected version. Every method
 * rejects with `StoreUnavailable` when the store cannot be asked.
 */
export class EventStore {
  private readonly listeners = new Set<AppendListener>();
  /** States whose event was on the log already when it was read, and with it all before it. */
  private readonly onLog = new WeakSet<object>();

  private constructor(
    private readonly events: Collection<StoredEvent>,
    private readonly options: { readonly now: () => number; readonly relayed: boolean },
  ) {}

  /** `relayed` says that a relay carries events to the log: they are then born marked unsent. */
  static async open(
    documents: Documents,
    options: { readonly now: () => number; readonly relayed: boolean },
  ): Promise<EventStore> {
    return new EventStore(await documents.collection(eventsCollection), options);
  }

  /** The user's state after the newest event: one indexed read. */
  async loadUser(user: UserRef): Promise<UserState> {
    const newest = await this.newest(user);
    return newest && 'status' in newest.state ? newest.state : unknownUser;
  }

  /** The app's state after the newest event of its own stream: one indexed read. */
  async loadApp(app: string): Promise<AppState> {
    const newest = await this.newest({ app, userId: null });
    return newest?.state ?? newApp;
  }

  /** Appends at `state.version`. @throws VersionConflict when that is no longer the newest version. */
  async appendToUser(
    user: UserRef,
    state: UserState,
    fact: UserFact,
    context: CommandContext,
  ): Promise<Appended<UserState>> {
    const event = this.record(user, state.version + 1, fact, context);
    const after = evolveUser(state, { ...fact, version: event.version, time: event.time } satisfies UserStep);
    await this.append(user, event, after, this.onLog.has(state));
    return { event, state: after };
  }

  /** Appends at `state.version`. @throws VersionConflict when that is no longer the newest version. */
  async appendToApp(app: string, state: AppState, fact: AppFact, context: CommandContext): Promise<Appended<AppState>> {
    const stream = { app, userId: null };
    const event = this.record(stream, state.version + 1, fact, context);
    const after = evolveApp(state, { ...fact, version: event.version, time: event.time } satisfies AppStep);
    await this.append(stream, event, after, this.onLog.has(state));
    return { event, state: after };
  }

  /** Events with a version above `after`, oldest first, at most `limit`. */
  async read(stream: StreamId, after: number, limit: number): Promise<RecordedEvent[]> {
    const found = await this.events.find({ _id: rangeAfter(stream, after) }, { sort: { _id: 1 }, limit });
    return found.map((stored) => readEvent(stored.event));
  }

  /** The event that a command left in a stream at or after `since` (ms), or null. Reads the newest events only. */
  async findByCommand(
    stream: StreamId,
    commandId: string,
    since: number,
  ): Promise<Appended<UserState | AppState> | null> {
    let below = rangeAfter(stream, 0).$lt;
    for (;;) {
      const page = await this.events.find(
        { _id: { ...rangeAfter(stream, 0), $lt: below } },
        { sort: { _id: -1 }, limit: 50 },
      );
      for (const stored of page) {
        const event = readEvent(stored.event);
        if (event.commandId === commandId) return { event, state: stored.state };
        if (event.time < since) return null;
      }
      const last = page.at(-1);
      if (!last || page.length < 50) return null;
      below = last._id;
    }
  }

  /** The command id of the stream's first event: of the command that began it. Null when there is none. */
  async firstCommandId(stream: StreamId): Promise<string | null> {
    const [first] = await this.read(stream, 0, 1);
    return first?.commandId ?? null;
  }

  /** Calls `listener`, which must not throw, with each event that is appended here. Returns a function that ends it. */
  onAppended(listener: AppendListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async newest(stream: StreamId): Promise<StoredEvent | null> {
    const newest = await this.events.findOne({ _id: rangeAfter(stream, 0) }, { sort: { _id: -1 } });
    if (newest && newest.unsent === undefined) this.onLog.add(newest.state);
    return newest;
  }

  private record(stream: StreamId, version: number, fact: Fact, context: CommandContext): RecordedEvent {
    return readEvent({
      id: randomUUID(),
      type: fact.type,
      revision: currentRevision[fact.type],
      app: stream.app,
      userId: stream.userId,
      version,
      time: this.options.now(),
      actor: { kind: context.actor.kind, id: context.actor.id },
      reason: context.reason,
      commandId: context.commandId,
      correlationId: context.correlationId,
      data: fact.data,
    });
  }

  private async append(
    stream: StreamId,
    event: RecordedEvent,
    state: UserState | AppState,
    followsSent: boolean,
  ): Promise<void> {
    const stored: StoredEvent = {
      _id: eventKey(stream, event.version),
      key: logKey(stream),
      event: { ...event },
      state,
      ...(this.options.relayed ? { unsent: event.time } : {}),
    };
    try {
      await this.events.insertOne(stored);
    } catch (error) {
      if (error instanceof DuplicateKey) throw new VersionConflict(event.version - 1);
      throw error;
    }
    for (const listener of this.listeners) listener(stored, followsSent);
  }
}
