import { SetMetadata } from '@nestjs/common';
import type { AdminRole } from '#libs/accounts';

/** Metadata key of the least role that a route needs. */
export const leastRoleKey = 'portcullis:least-role';

/** The least role that may call this route: viewer reads, operator commands, admin also hands out keys. */
export const LeastRole = (role: AdminRole) => SetMetadata(leastRoleKey, role);
