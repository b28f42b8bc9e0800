import type { EventStore } from './event-store.js';

/** What the accounts must know of users' streams: whether one has begun or ended, and which command began it. */
export function userStreams(store: EventStore, app: string) {
  return {
    async standing(userId: string): Promise<'absent' | 'living' | 'deleted'> {
      const { status } = await store.loadUser({ app, userId });
      if (status === 'unknown') return 'absent';
      return status === 'deleted' ? 'deleted' : 'living';
    },
    firstCommandId(userId: string): Promise<string | null> {
      return store.firstCommandId({ app, userId });
    },
  };
}
