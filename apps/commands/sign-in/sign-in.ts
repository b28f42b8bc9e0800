import type { Account, Accounts, Session, Sessions, SignInThrottle } from '#libs/accounts';
import type { EventStore } from '#libs/event-store';
import type { TokenIssuer } from '#libs/tokens';
import { grantOf } from './grant.js';
import { SignInRefused, SignInSlowed } from './sign-in-refused.js';

export interface PasswordSignIn {
  readonly app: string;
  readonly email: string;
  readonly password: string;
  /** The device that the client remembers, or null for a new one. */
  readonly deviceId: string | null;
  /** The caller's network address. */
  readonly address: string;
}

export interface SignedIn {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Signs a user in with email and password: a session begins, which remembers the versions at which it began. */
export class SignIn {
  constructor(
    private readonly parts: {
      readonly accounts: Accounts;
      readonly sessions: Sessions;
      readonly throttle: SignInThrottle;
      readonly store: EventStore;
      readonly issuer: TokenIssuer;
    },
  ) {}

  /** @throws SignInSlowed, SignInRefused, StoreUnavailable */
  async withPassword(attempt: PasswordSignIn): Promise<SignedIn> {
    const { app, email, password, address } = attempt;
    const { accounts, throttle } = this.parts;
    const slowed = await throttle.check({ app, email, address });
    if (slowed) throw new SignInSlowed(slowed.retryAfterMs);
    const account = await accounts.checkPassword({ app, email, password });
    if (account === null) {
      await throttle.failed({ app, email, address });
      throw new SignInRefused('invalid-credentials');
    }
    await throttle.succeeded({ app, email, address });
    const session = await this.begin(account, attempt.deviceId);
    await accounts.signedIn(account.userId);
    const grant = grantOf(session, account);
    const [access, refresh] = await Promise.all([
      this.parts.issuer.issueAccess(grant),
      this.parts.issuer.issueRefresh(grant),
    ]);
    return {
      userId: account.userId,
      deviceId: session.deviceId,
      accessToken: access.token,
      refreshToken: refresh.token,
    };
  }

  /**
   * The versions are read after the password was checked and before the tokens are made: a disabling that comes in
   * between raises the watermark above them, and the tokens are dead on arrival.
   */
  private async begin(account: Account, deviceId: string | null): Promise<Session> {
    const { sessions, store } = this.parts;
    const [user, app] = await Promise.all([
      store.loadUser({ app: account.app, userId: account.userId }),
      store.loadApp(account.app),
    ]);
    switch (user.status) {
      case 'unknown':
      case 'deleted':
        throw new SignInRefused('invalid-credentials');
      case 'pending':
        throw new SignInRefused('not-confirmed');
      case 'disabled':
        throw new SignInRefused('user-disabled');
      case 'confirmed':
        return await sessions.begin({
          app: account.app,
          userId: account.userId,
          version: user.version,
          appVersion: app.version,
          deviceId,
          provider: 'local-userpass',
        });
    }
  }
}
