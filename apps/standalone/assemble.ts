import { CommandResults, type Control, createControl } from '#apps/commands';
import { createGateway, type Gateway } from '#apps/gateway';
import { startProjector } from '#apps/projector';
import {
  Accounts,
  AdminKeys,
  type CreatedAdminKey,
  objectIds,
  PasswordHasher,
  Sessions,
  SignInThrottle,
} from '#libs/accounts';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, eventsCollection, userStreams } from '#libs/event-store';
import { type Config, createMetrics, type Logger, type Running, revocationLifeMs } from '#libs/platform';
import { AccessLives } from '#libs/revocations';
import { MemoryRevocations } from '#libs/revocations/memory';
import { createTokenVerifier, SigningKeys, TokenIssuer } from '#libs/tokens';
import { Users } from '#libs/users';

/** Everything in one process, on embedded storage. */
export interface Standalone extends Running {
  readonly control: Control;
  readonly gateway: Gateway;
  /** The first admin key, when it was made just now: to be shown once. */
  readonly firstKey: CreatedAdminKey | null;
}

/**
 * Opens the data folder and puts the programs together on it. Resolves when the revocation set is whole and both ports
 * are open. @throws StoreUnusable, PortUnavailable, ConfigurationInvalid: each says what to do.
 */
export async function assembleStandalone(config: Config, logger: Logger): Promise<Standalone> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await assemble(config, logger, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  config: Config,
  logger: Logger,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Standalone> {
  const now = Date.now;
  const newId = objectIds(now);
  const metrics = createMetrics();

  const database = openSqlite({ folder: config.PORTCULLIS_DATA });
  closers.push(async () => database.close());
  const documents = new SqliteDocuments(database);
  const store = await EventStore.open(documents, { now, relayed: false });
  const log = new SqliteEventLog(database, eventsCollection.name);
  closers.push(() => log.close());

  const accessLives = await AccessLives.open(documents, now);
  await accessLives.inUse(config.ACCESS_TOKEN_TTL);
  const lifeMs = revocationLifeMs(await accessLives.longest(), config);
  const revocations = new MemoryRevocations({ lifeMs, now });
  closers.push(() => revocations.close());

  const sessions = await Sessions.open(documents, { lifeMs: config.REFRESH_TOKEN_TTL, now, newId });
  const accounts = await Accounts.open(documents, {
    hasher: await PasswordHasher.create(),
    sessions,
    streams: userStreams(store, config.APP_ID),
    now,
    newId,
  });
  const users = await Users.open(documents, store);
  const projector = await startProjector({
    log,
    logger,
    metrics,
    documents,
    users,
    accounts,
    sessions,
    revocations,
    now,
    lifeMs,
  });
  closers.push(() => projector.stop());

  const signingKeys = await SigningKeys.open(documents, {
    algorithm: config.TOKEN_ALGORITHM,
    publishAheadMs: config.SIGNING_KEY_PUBLISH_AHEAD,
    longestTokenLifeMs: Math.max(config.ACCESS_TOKEN_TTL, config.REFRESH_TOKEN_TTL),
    skewMs: config.CLOCK_SKEW,
    now,
  });
  const rules = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  const adminKeys = await AdminKeys.open(documents, { now, newId });
  const storeCheck = { name: 'store', check: () => documents.ping() };
  const control = await createControl({
    config,
    logger,
    metrics,
    now,
    newId,
    store,
    users,
    accounts,
    sessions,
    adminKeys,
    accessLives,
    throttle: await SignInThrottle.open(documents, { now }),
    signingKeys,
    issuer: new TokenIssuer({
      ...rules,
      keys: signingKeys,
      accessTtlMs: config.ACCESS_TOKEN_TTL,
      refreshTtlMs: config.REFRESH_TOKEN_TTL,
      now,
      newId,
    }),
    verifier: createTokenVerifier({ ...rules, keys: signingKeys, now, skewMs: config.CLOCK_SKEW }),
    commandResults: await CommandResults.open(documents, { now, keepMs: config.IDEMPOTENCY_TTL, soleProcess: true }),
    revocations,
    checks: [storeCheck],
  });
  closers.push(() => control.close());
  const gateway = await createGateway({ config, logger, metrics, keys: signingKeys, revocations, now });
  closers.push(() => gateway.close());

  await control.listen();
  await gateway.listen();
  const firstKey = await adminKeys.ensureFirst(config.ADMIN_API_KEY);
  return { control, gateway, firstKey, close };
}
