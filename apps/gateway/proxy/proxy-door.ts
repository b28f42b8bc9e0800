import type { IncomingMessage, ServerResponse } from 'node:http';
import { codeOf, type Logger } from '#libs/platform';
import type { VerifiedToken } from '#libs/tokens';
import { problemAnswer, send } from '../http/answer.js';
import { orBreakOff } from '../http/break-off.js';
import type { Judge } from '../verdict/judge.js';
import type { RecordVerdict } from '../verdict/record-verdict.js';
import { answerTo } from '../verdict/refusals.js';
import { Exchange } from './exchange.js';
import { upstreamHeaders } from './request-headers.js';
import type { IsTrusted } from './trusted-peers.js';
import type { Upstream } from './upstream.js';

export interface ProxyDoorParts {
  readonly judge: Judge;
  readonly record: RecordVerdict;
  readonly upstream: Upstream;
  readonly isTrusted: IsTrusted;
  readonly logger: Logger;
  readonly onError: (error: unknown) => void;
}

const severalHosts = problemAnswer({
  status: 400,
  code: 'InvalidRequest',
  detail: 'there is more than one Host header',
});

/** Everything that is not the edge's own: judged, and passed on to the upstream when granted. */
export class ProxyDoor {
  readonly #parts: ProxyDoorParts;

  constructor(parts: ProxyDoorParts) {
    this.#parts = parts;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    if (countOf('host', request.rawHeaders) > 1) {
      send(response, severalHosts);
      return;
    }
    const { judge, record, onError } = this.#parts;
    judge.judge(request, (verdict) =>
      orBreakOff(response, onError, () => {
        record(verdict, request);
        if (verdict.outcome === 'granted') this.#passOn(request, response, path, verdict.token);
        else send(response, answerTo(verdict, 'proxy'));
      }),
    );
  }

  #passOn(request: IncomingMessage, response: ServerResponse, path: string, token: VerifiedToken): void {
    if (response.closed) return;
    const { upstream, isTrusted } = this.#parts;
    new Exchange({
      dispatcher: upstream.dispatcher,
      request,
      response,
      path: upstream.prefix + path,
      headers: upstreamHeaders(request, { host: upstream.host, token, isTrusted }),
      onFailure: (error) => this.#logFailure(error, path),
    }).start();
  }

  #logFailure(error: Error, path: string): void {
    this.#parts.logger.warn({ code: codeOf(error), why: error.message, path: path.split('?')[0] }, 'upstream failed');
  }
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const one = rawHeaders[at];
    if (one?.length === name.length && one.toLowerCase() === name) count += 1;
  }
  return count;
}
