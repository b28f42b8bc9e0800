import type { Account, Accounts, Session, Sessions } from '#libs/accounts';
import { isDead } from '#libs/domain';
import type { EventStore } from '#libs/event-store';
import type { TokenUse, TokenVerifier } from '#libs/tokens';

/** Why a token does not open a session here. */
export type SessionRefusal = 'wrong-type' | 'invalid' | 'dead';

export class SessionRefused extends Error {
  constructor(readonly code: SessionRefusal) {
    super(code);
  }
}

/** A session that is alive, and whose it is. */
export interface LivingSession {
  readonly session: Session;
  readonly account: Account;
}

/**
 * Opens the session of a token. Its versions are compared with the streams, not with a projection, so that no refresh
 * outruns a revocation; access and refresh tokens of one session live and die together.
 */
export class LivingSessions {
  constructor(
    private readonly parts: {
      readonly verifier: TokenVerifier;
      readonly accounts: Accounts;
      readonly sessions: Sessions;
      readonly store: EventStore;
      readonly now: () => number;
    },
  ) {}

  /** @throws SessionRefused, StoreUnavailable */
  async open(token: string, use: TokenUse): Promise<LivingSession> {
    const { verifier, accounts, sessions, store, now } = this.parts;
    const verified = await verifier.verify(token, use);
    if (!verified.ok) throw new SessionRefused(verified.reason === 'wrong-type' ? 'wrong-type' : 'invalid');
    const { app, userId, sid } = verified.token;
    const session = await sessions.find(sid);
    if (session?.userId !== userId || session.app !== app || session.expiresAt <= now())
      throw new SessionRefused('dead');
    const [user, appState, account] = await Promise.all([
      store.loadUser({ app, userId }),
      store.loadApp(app),
      accounts.find(userId),
    ]);
    const deadSessions = new Set(session.revokedAt === undefined ? [] : [sid]);
    const standing = { version: session.version, appVersion: session.appVersion, sid };
    const dead = isDead(
      standing,
      { watermark: user.watermark, at: user.watermarkAt, deadSessions },
      {
        watermark: appState.watermark,
        at: appState.watermarkAt,
      },
    );
    if (dead || user.status !== 'confirmed' || account === null) throw new SessionRefused('dead');
    return { session, account };
  }
}
