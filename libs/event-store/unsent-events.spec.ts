import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTemporaryStore, type TemporaryStore } from '../../test/support/program-store.js';
import { EventStore } from './event-store.js';
import { UnsentEvents } from './unsent-events.js';

const context = { commandId: 'c', correlationId: 'c', actor: { kind: 'system', id: 'test' }, reason: null } as const;
const events = 57;

describe('given unsent events, many of them of the same millisecond', () => {
  let temporary: TemporaryStore;
  let unsent: UnsentEvents;
  beforeAll(async () => {
    temporary = openTemporaryStore();
    let appended = 0;
    // 40 in one millisecond, then one in each.
    const now = () => 1_000 + Math.max(0, appended - 40);
    const store = await EventStore.open(temporary.documents, { now, relayed: true });
    for (; appended < events; appended += 1) {
      const app = `app${appended}`;
      const fact = { type: 'portcullis.app.sessions-revoked.v1', data: {} } as const;
      await store.appendToApp(app, await store.loadApp(app), fact, context);
    }
    unsent = await UnsentEvents.open(temporary.documents);
  });
  afterAll(() => temporary.close());

  it.each([1, 7, 40, 56, 57, 1_000])(
    'when they are paged through by %s, then each comes once, oldest first',
    async (size) => {
      const found: string[] = [];
      const times: number[] = [];
      for await (const page of unsent.pages(size)) {
        for (const event of page) {
          found.push(event._id);
          times.push(event.unsent ?? 0);
        }
      }
      expect(new Set(found).size).toBe(events);
      expect(found).toHaveLength(events);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    },
  );
});
