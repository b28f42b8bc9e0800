/** What the holder of an admin key may do; each role may do what those before it may. */
export const adminRoles = ['viewer', 'operator', 'admin'] as const;
export type AdminRole = (typeof adminRoles)[number];

/** Whether a role may do what asks for at least another one. */
export function roleReaches(role: AdminRole, least: AdminRole): boolean {
  return adminRoles.indexOf(role) >= adminRoles.indexOf(least);
}
