import { createHash } from 'node:crypto';
import type { Account, Session } from '#libs/accounts';
import type { TokenGrant } from '#libs/tokens';

/** What the tokens of a session say. A refreshed one says the same: the session's versions, not the stream's. */
export function grantOf(session: Session, account: Account): TokenGrant {
  return {
    app: session.app,
    userId: session.userId,
    sid: session.sid,
    version: session.version,
    appVersion: session.appVersion,
    deviceId: session.deviceId,
    domainId: domainIdOf(session.app),
    identity: { id: account.identityId, providerType: session.provider, providerId: domainIdOf(session.provider) },
    userData: {},
  };
}

/** App Services' clients expect 24 hex digits where they know a domain or a provider; these are made of the name. */
export function domainIdOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 24);
}
