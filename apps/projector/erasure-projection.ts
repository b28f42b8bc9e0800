import type { Accounts, Sessions } from '#libs/accounts';
import type { Projection } from './projection.js';

/**
 * Log -> accounts and sessions: what is private goes when its user is deleted, and a session that was revoked alone is
 * marked so. The log repeats it until it is done, so that a crash cannot leave a deleted person's data behind.
 */
export function erasureProjection(accounts: Accounts, sessions: Sessions): Projection {
  return {
    name: 'erasure',
    concerns: ({ type }) => type === 'portcullis.user.deleted.v1' || type === 'portcullis.user.session-revoked.v1',
    handle: async (event) => {
      if (event.type === 'portcullis.user.deleted.v1' && event.userId !== null) await accounts.erase(event.userId);
      if (event.type === 'portcullis.user.session-revoked.v1') await sessions.markRevoked(event.data.sid, event.time);
    },
  };
}
