import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VerifiedToken } from '#libs/tokens';
import { send } from '../http/answer.js';
import { orBreakOff } from '../http/break-off.js';
import { identityHeaders } from './identity.js';
import type { Judge } from './judge.js';
import type { RecordVerdict } from './record-verdict.js';
import { answerTo } from './refusals.js';

/**
 * `/_portcullis/verdict[/*]`, any method, for a gateway that asks whether to let a request in: 200 with who it comes
 * from, 401, or 503. A body is not looked at.
 */
export class VerdictDoor {
  readonly #judge: Judge;
  readonly #record: RecordVerdict;
  readonly #onError: (error: unknown) => void;

  constructor(judge: Judge, record: RecordVerdict, onError: (error: unknown) => void) {
    this.#judge = judge;
    this.#record = record;
    this.#onError = onError;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#judge.judge(request, (verdict) =>
      orBreakOff(response, this.#onError, () => {
        this.#record(verdict, request);
        if (verdict.outcome === 'granted') grant(response, verdict.token);
        else send(response, answerTo(verdict, 'verdict'));
      }),
    );
  }
}

function grant(response: ServerResponse, token: VerifiedToken): void {
  const headers = identityHeaders(token);
  headers.push('cache-control', 'no-store', 'content-length', '0');
  response.writeHead(200, headers).end();
}
