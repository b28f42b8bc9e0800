import { type Control, openControl } from '#apps/commands';
import { createGateway, type Gateway } from '#apps/gateway';
import { openProjector } from '#apps/projector';
import type { CreatedAdminKey } from '#libs/accounts';
import { openSqlite, type SqliteDatabase, SqliteDocuments } from '#libs/documents/sqlite';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { EventStore, eventsCollection } from '#libs/event-store';
import {
  type Closers,
  type Config,
  closingOnFailure,
  createMetrics,
  type Logger,
  type Running,
  revocationLifeMs,
} from '#libs/platform';
import { AccessLives } from '#libs/revocations';
import { MemoryRevocations } from '#libs/revocations/memory';

/** Everything in one process, on embedded storage. */
export interface Standalone extends Running {
  readonly control: Control;
  readonly gateway: Gateway;
  /** The first admin key, when it was made just now: to be shown once. */
  readonly firstKey: CreatedAdminKey | null;
}

/**
 * Opens the data folder and puts the programs together on it. Resolves when the revocation set is whole and both ports
 * are open. `database` is the opened data folder, for whoever looks into it beside the program. @throws StoreUnusable, PortUnavailable, ConfigurationInvalid: each says what to do.
 */
export async function assembleStandalone(
  config: Config,
  logger: Logger,
  database = openSqlite({ folder: config.PORTCULLIS_DATA }),
): Promise<Standalone> {
  return await closingOnFailure((closers) => assemble(config, logger, closers.add(database), closers));
}

async function assemble(
  config: Config,
  logger: Logger,
  database: SqliteDatabase,
  closers: Closers,
): Promise<Standalone> {
  const now = Date.now;
  const metrics = createMetrics();
  const documents = new SqliteDocuments(database);
  const store = await EventStore.open(documents, { now, relayed: false });
  const parked = closers.add(new SqliteEventLog(database, 'parked_events'));
  const log = closers.add(new SqliteEventLog(database, eventsCollection.name));

  const accessLives = await AccessLives.open(documents, now);
  await accessLives.inUse(config.ACCESS_TOKEN_TTL);
  const lifeMs = revocationLifeMs(await accessLives.longest(), config);
  const revocations = closers.add(new MemoryRevocations({ lifeMs, now }));

  const shared = { config, logger, metrics, now, documents, store, revocations };
  const projector = await openProjector({ ...shared, log, parked, lifeMs: () => lifeMs });
  closers.add({ close: () => projector.stop() });
  const { control, signingKeys, firstKey } = await openControl({
    ...shared,
    soleProcess: true,
    checks: [projector.check],
  });
  closers.add(control);
  const gateway = closers.add(await createGateway({ ...shared, keys: signingKeys, checks: [projector.check] }));

  if (config.ADMIN_API_KEY !== null) await firstKey();
  await control.listen();
  await gateway.listen();
  // Last of all, so that a start that fails does not make a key that nobody sees.
  return {
    control,
    gateway,
    firstKey: await firstKey(),
    close: async () => {
      // Both ports stop taking requests at once, and then wait for their own; whatever fails is told by the closers.
      await Promise.allSettled([control.close(), gateway.close()]);
      await closers.close();
    },
  };
}
