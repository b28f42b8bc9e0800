/** Names under which Nest injects what has no class of its own. */

/** The id of the app that this process serves. */
export const APP_ID = Symbol('app id');
export const LOGGER = Symbol('logger');
/** A function that makes the id of a new user. */
export const NEW_USER_ID = Symbol('new user id');
/** The `TokenVerifier` of our own tokens. */
export const TOKEN_VERIFIER = Symbol('token verifier');
