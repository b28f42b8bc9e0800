import { isUserEvent, type Users } from '#libs/users';
import type { Projection } from './projection.js';

/** Log -> user documents. */
export function usersProjection(users: Users): Projection {
  return {
    name: 'users',
    concerns: isUserEvent,
    handle: async (event) => {
      if (isUserEvent(event)) await users.project(event);
    },
  };
}
