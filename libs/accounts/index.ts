export type { Account } from './account.js';
export { type AccountPage, Accounts, type AccountsSettings } from './accounts.js';
export {
  type Admin,
  type AdminKey,
  AdminKeys,
  type AdminKeysSettings,
  type CreatedAdminKey,
} from './admin-keys.js';
export { type AdminRole, adminRoles, roleReaches } from './admin-role.js';
export { AttemptReused, EmailContended, EmailTaken, EnvironmentKey, HasherBusy, LastAdminKey } from './errors.js';
export { objectIds } from './object-ids.js';
export { PasswordHasher, type PasswordHasherSettings } from './password-hasher.js';
export type { ClaimedEmail, EmailClaim, UserStanding, UserStreams } from './registrations.js';
export { type Device, type NewSession, type Session, Sessions, type SessionsSettings } from './sessions.js';
export { type Guarded, type SignInAttempt, SignInThrottle, type SignInThrottleSettings } from './sign-in-throttle.js';
export type { ThrottleRule } from './throttle-rule.js';
