import type { Accounts, Sessions } from '#libs/accounts';
import type { Documents } from '#libs/documents';
import type { EventLog } from '#libs/event-log';
import type { UnsentEvents } from '#libs/event-store';
import type { ReadinessCheck } from '#libs/platform';
import type { Revocations } from '#libs/revocations';
import type { Users } from '#libs/users';
import { erasureProjection } from './erasure-projection.js';
import { Parking } from './parking.js';
import { StoredPositions } from './positions.js';
import { type Following, followLog, type Projection, type ProjectionTools } from './projection.js';
import { RevocationsFollower } from './revocations-follower.js';
import { usersProjection } from './users-projection.js';

export interface ProjectorParts extends ProjectionTools {
  readonly documents: Documents;
  /** Where events go that cannot be projected. */
  readonly parked: EventLog;
  readonly users: Users;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
  readonly unsent: UnsentEvents;
  readonly now: () => number;
  /** The region of the revocation set: each follows the log by itself. Empty where there is one. */
  readonly region: string;
  /** `revocations`: another region's projector sees to the user documents and the erasure. */
  readonly projections: 'all' | 'revocations';
  /** How long the revocation set remembers, ms; asked each time. */
  readonly lifeMs: () => number;
}

/** The projector: the log into user documents, the revocation set, and the erasure of what is private. */
export interface Projector {
  /** Whether the revocation set is whole and follows the log. */
  readonly check: ReadinessCheck;
  stop(): Promise<void>;
}

/** Resolves when the revocation set is whole; the other projections may still be catching up. */
export async function startProjector(parts: ProjectorParts): Promise<Projector> {
  const follower = new RevocationsFollower(parts);
  await follower.start();
  const tools = { ...parts, parking: new Parking(parts) };
  const followings: Following[] = [];
  for (const projection of projectionsOf(parts)) {
    const positions = await StoredPositions.open(parts.documents, projection.name);
    followings.push(await followLog(projection, positions, tools));
  }
  return {
    check: { name: 'projector', check: () => follower.check() },
    stop: async () => {
      await Promise.all([follower.stop(), ...followings.map((following) => following.stop())]);
    },
  };
}

function projectionsOf(parts: ProjectorParts): Projection[] {
  if (parts.projections === 'revocations') return [];
  return [usersProjection(parts.users), erasureProjection(parts.accounts, parts.sessions)];
}
