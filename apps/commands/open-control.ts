import {
  Accounts,
  AdminKeys,
  type CreatedAdminKey,
  objectIds,
  PasswordHasher,
  Sessions,
  SignInThrottle,
} from '#libs/accounts';
import type { Documents } from '#libs/documents';
import { EventStore, userStreams } from '#libs/event-store';
import type { Config, Logger, Metrics, ReadinessCheck } from '#libs/platform';
import { AccessLives, type Revocations } from '#libs/revocations';
import { createTokenVerifier, SigningKeys, TokenIssuer } from '#libs/tokens';
import { Users } from '#libs/users';
import { type Control, createControl } from './control.js';
import { CommandResults } from './http/idempotency/command-results.js';

/** The seams that a control API stands on, and what it shares with its process. */
export interface ControlSeams {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly documents: Documents;
  readonly store: EventStore;
  readonly revocations: Revocations;
  /** No other process uses this store. */
  readonly soleProcess: boolean;
  /** What must be well before traffic may come, beside the store. */
  readonly checks: readonly ReadinessCheck[];
}

/** A control API, and what others in its process may share. */
export interface OpenedControl {
  readonly control: Control;
  readonly signingKeys: SigningKeys;
  /** The first admin key, when it was made just now: to be shown once. */
  readonly firstKey: () => Promise<CreatedAdminKey | null>;
}

/** Opens the libraries on the seams and puts the control API together. It does not listen yet. */
export async function openControl(seams: ControlSeams): Promise<OpenedControl> {
  const { config, documents, store, now } = seams;
  const newId = objectIds(now);
  const sessions = await Sessions.open(documents, { lifeMs: config.REFRESH_TOKEN_TTL, now, newId });
  const signingKeys = await SigningKeys.open(documents, {
    algorithm: config.TOKEN_ALGORITHM,
    publishAheadMs: config.SIGNING_KEY_PUBLISH_AHEAD,
    longestTokenLifeMs: config.REFRESH_TOKEN_TTL,
    skewMs: config.CLOCK_SKEW,
    now,
  });
  const adminKeys = await AdminKeys.open(documents, { now, newId });
  const rules = { keys: signingKeys, issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE, now };
  const control = await createControl({
    ...seams,
    newId,
    users: await Users.open(documents, store),
    accounts: await Accounts.open(documents, {
      hasher: await PasswordHasher.create(),
      sessions,
      streams: userStreams(store, config.APP_ID),
      now,
      newId,
    }),
    sessions,
    adminKeys,
    accessLives: await AccessLives.open(documents, now),
    throttle: await SignInThrottle.open(documents, { now }),
    signingKeys,
    issuer: new TokenIssuer({
      ...rules,
      accessTtlMs: config.ACCESS_TOKEN_TTL,
      refreshTtlMs: config.REFRESH_TOKEN_TTL,
      newId,
    }),
    verifier: createTokenVerifier({ ...rules, skewMs: config.CLOCK_SKEW }),
    commandResults: await CommandResults.open(documents, {
      now,
      keepMs: config.IDEMPOTENCY_TTL,
      soleProcess: seams.soleProcess,
    }),
    checks: [{ name: 'store', check: () => documents.ping() }, ...seams.checks],
  });
  return { control, signingKeys, firstKey: () => adminKeys.ensureFirst(config.ADMIN_API_KEY) };
}
