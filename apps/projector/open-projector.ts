import { Accounts, objectIds, PasswordHasher, Sessions } from '#libs/accounts';
import type { Documents } from '#libs/documents';
import type { EventLog } from '#libs/event-log';
import { type EventStore, UnsentEvents, userStreams } from '#libs/event-store';
import type { Config } from '#libs/platform';
import type { Revocations } from '#libs/revocations';
import { Users } from '#libs/users';
import type { ProjectionTools } from './projection.js';
import { type Projector, startProjector } from './projector.js';

/** The seams that a projector stands on. */
export interface ProjectorSeams extends ProjectionTools {
  readonly config: Config;
  readonly now: () => number;
  readonly documents: Documents;
  /** Where events go that cannot be projected. */
  readonly parked: EventLog;
  readonly store: EventStore;
  readonly revocations: Revocations;
  /** How long the revocation set remembers, ms; asked each time. */
  readonly lifeMs: () => number;
}

/** Opens the libraries on the seams and starts the projector; resolves as {@link startProjector} does. */
export async function openProjector(seams: ProjectorSeams): Promise<Projector> {
  const { config, documents, store, now } = seams;
  const newId = objectIds(now);
  const sessions = await Sessions.open(documents, { lifeMs: config.REFRESH_TOKEN_TTL, now, newId });
  const streams = userStreams(store, config.APP_ID);
  const hasher = await PasswordHasher.create();
  return await startProjector({
    ...seams,
    region: config.REGION,
    projections: config.PROJECTIONS,
    unsent: await UnsentEvents.open(documents),
    users: await Users.open(documents, store),
    accounts: await Accounts.open(documents, { hasher, sessions, streams, now, newId }),
    sessions,
  });
}
