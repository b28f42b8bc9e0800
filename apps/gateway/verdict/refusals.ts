import { type Answer, problemAnswer } from '../http/answer.js';
import { challengeFor, wwwAuthenticate } from './challenge.js';
import type { NoVerdict, Refused } from './verdict.js';

/** Which door is asked: the one for other gateways, or our own proxy. */
export type Door = 'verdict' | 'proxy';

const retryAfterSeconds = 1;
const made = new Map<string, Answer>();

/**
 * The answer to a request that is not let in. Both doors answer alike, except that credentials which cannot be read are
 * a 400 at the proxy (RFC 6750, section 3.1), and a 401 at the verdict door: nginx' `auth_request` turns every status
 * other than 2xx, 401 and 403 into a 500.
 */
export function answerTo(verdict: Refused | NoVerdict, door: Door): Answer {
  const name = `${door} ${verdict.reason}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const answer = verdict.outcome === 'none' ? noVerdict(verdict) : refusal(verdict, door);
  made.set(name, answer);
  return answer;
}

function refusal({ reason }: Refused, door: Door): Answer {
  const challenge = challengeFor(reason);
  const { code, detail, error } = challenge;
  const status = door === 'proxy' && error === 'invalid_request' ? 400 : 401;
  return problemAnswer({ status, code, detail, reason }, { 'www-authenticate': wwwAuthenticate(challenge) });
}

function noVerdict({ reason }: NoVerdict): Answer {
  const detail = 'whether the token has been revoked cannot be told just now, so it is not let in';
  return problemAnswer(
    { status: 503, code: 'NoVerdict', detail, reason },
    { 'retry-after': String(retryAfterSeconds) },
  );
}
