/** A user with this address is registered in the app already. */
export class EmailTaken extends Error {
  readonly code = 'email-taken';
  constructor(readonly userId: string) {
    super('the address belongs to a user already');
  }
}

/** So many attempts at one address at once that none could be told its place. Trying again helps. */
export class EmailContended extends Error {
  readonly code = 'email-contended';
  constructor() {
    super('too many attempts at this address at once');
  }
}

/** An attempt's id came again with another password. */
export class AttemptReused extends Error {
  readonly code = 'attempt-reused';
  constructor() {
    super('this attempt was made before, with another password');
  }
}

/** More passwords are waiting to be hashed than can be within reasonable time. */
export class HasherBusy extends Error {
  readonly code = 'hasher-busy';
  constructor() {
    super('too many passwords are being checked at once');
  }
}

/** Removing this key would leave nobody who can make another. */
export class LastAdminKey extends Error {
  readonly code = 'last-admin-key';
  constructor() {
    super('this is the last key with the role admin: make another one first');
  }
}

/** The key comes from the environment, and would be back at the next start. */
export class EnvironmentKey extends Error {
  readonly code = 'environment-key';
  constructor() {
    super('this key is set by ADMIN_API_KEY: change it there and start again');
  }
}
