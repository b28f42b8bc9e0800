import type { Account, Accounts, Device, Session, Sessions, SignInThrottle } from '#libs/accounts';
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
  /** What the client says of it. */
  readonly device: Device;
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
      readonly sessions: Pick<Sessions, 'begin' | 'eraseOf'>;
      readonly throttle: SignInThrottle;
      readonly store: EventStore;
      readonly issuer: TokenIssuer;
    },
  ) {}

  /** @throws SignInSlowed, SignInRefused, StoreUnavailable */
  async withPassword(attempt: PasswordSignIn): Promise<SignedIn> {
    const { app, email, password, address } = attempt;
    const { accounts, throttle } = this.parts;
    const guarded = await throttle.guard({ app, email, address }, () =>
      accounts.checkPassword({ app, email, password }),
    );
    if (guarded.outcome === 'slowed') throw new SignInSlowed(guarded.retryAfterMs);
    const account = guarded.found;
    if (account === null) throw new SignInRefused('invalid-credentials');
    const session = await this.begin(account, attempt);
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
   * between raises the watermark above them, and the tokens are dead on arrival. A deletion erases what is private, and
   * may have been through before the session was there: so the stream is asked again.
   */
  private async begin(account: Account, { deviceId, device }: PasswordSignIn): Promise<Session> {
    const { sessions, store } = this.parts;
    const ref = { app: account.app, userId: account.userId };
    const [user, app] = await Promise.all([store.loadUser(ref), store.loadApp(account.app)]);
    switch (user.status) {
      case 'unknown':
      case 'deleted':
        throw new SignInRefused('invalid-credentials');
      case 'pending':
        throw new SignInRefused('not-confirmed');
      case 'disabled':
        throw new SignInRefused('user-disabled');
      case 'confirmed':
        break;
    }
    const versions = { version: user.version, appVersion: app.version };
    const session = await sessions.begin({ ...ref, ...versions, deviceId, device, provider: 'local-userpass' });
    if ((await store.loadUser(ref)).status !== 'deleted') return session;
    await sessions.eraseOf(account.userId);
    throw new SignInRefused('invalid-credentials');
  }
}
