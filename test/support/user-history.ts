import type { CommandContext, UserFact } from '#libs/domain';
import { type EventStore, type UserRef, VersionConflict } from '#libs/event-store';

const context: CommandContext = { commandId: 'c', correlationId: 'c', actor: { kind: 'admin', id: 'a' }, reason: null };
const registered: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: true } };
const revoked: UserFact = { type: 'portcullis.user.sessions-revoked.v1', data: {} };

export function userNumber(number: number): UserRef {
  return { app: 'main', userId: number.toString(16).padStart(24, '0') };
}

/** Appends the next event of a user's stream, whatever others append meanwhile. Resolves to its version. */
export async function appendNext(store: EventStore, user: UserRef): Promise<number> {
  for (;;) {
    const state = await store.loadUser(user);
    try {
      const fact = state.version === 0 ? registered : revoked;
      return (await store.appendToUser(user, state, fact, context)).event.version;
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
}
