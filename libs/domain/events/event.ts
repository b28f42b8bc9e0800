import type { AppFact } from '../app/facts.js';
import type { UserFact } from '../user/facts.js';

/** What happened, before it has a place in a stream. */
export type Fact = UserFact | AppFact;
export type FactType = Fact['type'];

/** Who sent a command, as the event remembers it: a kind and an opaque id, never a name or an address. */
export interface Actor {
  readonly kind: 'admin' | 'user' | 'system';
  readonly id: string;
}

/** What a decision does not know and a caller supplies: clock, ids and who asks are inputs. */
export interface CommandContext {
  readonly commandId: string;
  readonly correlationId: string;
  readonly actor: Actor;
  /** Free text of at most 500 characters, or null. */
  readonly reason: string | null;
}

/**
 * A fact with its place in a stream. This is what is stored, logged and published; it holds no email, no password and
 * no name, so that a replay cannot bring a deleted person back.
 */
export type RecordedEvent = Fact & {
  /** UUID, unique for ever. */
  readonly id: string;
  readonly revision: number;
  readonly app: string;
  /** Null for an event of the app's own stream. */
  readonly userId: string | null;
  /** 1, 2, 3, ... within the stream, without gaps. */
  readonly version: number;
  /** Milliseconds since the epoch, as the deciding process read them. */
  readonly time: number;
} & CommandContext;
