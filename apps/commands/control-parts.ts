import type { Accounts, AdminKeys, Sessions, SignInThrottle } from '#libs/accounts';
import type { EventStore } from '#libs/event-store';
import type { Config, Logger, Metrics, ReadinessCheck } from '#libs/platform';
import type { AccessLives, Revocations } from '#libs/revocations';
import type { SigningKeys, TokenIssuer, TokenVerifier } from '#libs/tokens';
import type { Users } from '#libs/users';
import type { CommandResults } from './http/idempotency/command-results.js';

/** What the control API is made of; whoever puts an app together opens these on its seams. */
export interface ControlParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly newId: () => string;
  readonly store: EventStore;
  readonly users: Users;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly adminKeys: AdminKeys;
  readonly throttle: SignInThrottle;
  readonly signingKeys: SigningKeys;
  readonly issuer: TokenIssuer;
  readonly verifier: TokenVerifier;
  readonly commandResults: CommandResults;
  readonly revocations: Revocations;
  readonly accessLives: AccessLives;
  readonly checks: readonly ReadinessCheck[];
}
