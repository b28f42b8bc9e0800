import type { RefusalReason } from './verdict.js';

/** How a refusal is told to the client: a stable `code` and a sentence, and the error of RFC 6750, section 3.1. */
export interface Challenge {
  readonly code: string;
  readonly detail: string;
  /** Null where the client gave no usable credentials at all: then RFC 6750 wants no error code. */
  readonly error: 'invalid_request' | 'invalid_token' | null;
}

const challenges: Readonly<Record<RefusalReason, Challenge>> = {
  'no-token': missing('this needs an access token: Authorization: Bearer <token>'),
  'other-scheme': missing('this needs an access token; other schemes than Bearer are not known here'),
  'malformed-credentials': unreadable('the Authorization header is not the word Bearer and one token'),
  'several-credentials': unreadable('credentials came in more than one place; send one Authorization header'),
  oversized: bad('the token is too long'),
  malformed: bad('this is not a token of ours'),
  'wrong-type': bad('this is not an access token'),
  'algorithm-not-allowed': bad('the token is not signed as ours are'),
  'unknown-key': bad('the token is not signed with a key of ours'),
  'bad-signature': bad('the signature does not fit the token'),
  expired: { ...bad('the token has expired'), code: 'TokenExpired' },
  'not-yet-valid': bad('the token is not valid yet'),
  'wrong-issuer': bad('the token comes from another issuer'),
  'wrong-audience': bad('the token is meant for another audience'),
  revoked: { ...bad('the token has been revoked'), code: 'TokenRevoked' },
};

export function challengeFor(reason: RefusalReason): Challenge {
  return challenges[reason];
}

/** The value of `WWW-Authenticate` (RFC 6750, section 3). */
export function wwwAuthenticate({ error, detail }: Challenge): string {
  const realm = 'Bearer realm="portcullis"';
  return error === null ? realm : `${realm}, error="${error}", error_description="${detail}"`;
}

function missing(detail: string): Challenge {
  return { code: 'TokenMissing', detail, error: null };
}

function unreadable(detail: string): Challenge {
  return { code: 'InvalidRequest', detail, error: 'invalid_request' };
}

function bad(detail: string): Challenge {
  return { code: 'TokenInvalid', detail, error: 'invalid_token' };
}
