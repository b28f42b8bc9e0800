import { codeOf } from '#libs/platform';
import { type Answer, problemAnswer } from '../http/answer.js';

const tooSlow: ReadonlySet<unknown> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);

/** Errors of a connection that was kept open and that the upstream closed at the moment of use. */
const closedUnderUs: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const timeout = problemAnswer({
  status: 504,
  code: 'UpstreamTimeout',
  detail: 'the service behind this gateway took too long',
});
const unavailable = problemAnswer({
  status: 502,
  code: 'UpstreamUnavailable',
  detail: 'the service behind this gateway did not answer properly',
});

/** What the client is told when the upstream gives no answer. */
export function answerToFailure(error: unknown): Answer {
  return tooSlow.has(codeOf(error)) ? timeout : unavailable;
}

export function wasClosedUnderUs(error: unknown): boolean {
  return closedUnderUs.has(codeOf(error));
}
