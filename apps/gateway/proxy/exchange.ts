import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { send } from '../http/answer.js';
import { clientHeaders } from './response-headers.js';
import { answerToFailure, wasClosedUnderUs } from './upstream-failure.js';

export interface ExchangeParts {
  readonly dispatcher: Dispatcher;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path and query for the upstream. */
  readonly path: string;
  readonly headers: string[];
  /** Told when the upstream fails. */
  readonly onFailure: (error: Error) => void;
}

/** Methods that may be sent again without harm (RFC 9110, section 9.2.2). */
const repeatable: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** The client went away: its request is not worth an answer any more. */
class ClientGone extends Error {
  readonly code = 'client-gone';
}

/**
 * One request on its way through the proxy, streaming both ways: each side is read only as fast as the other takes it. A
 * client that goes away takes the upstream's request with it; an upstream that breaks off in the middle of its answer
 * breaks off the client's, so that half an answer never looks whole.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #parts: ExchangeParts;
  readonly #hasBody: boolean;
  #controller: Dispatcher.DispatchController | null = null;
  #repeated = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    const { headers } = parts.request;
    this.#hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    parts.response.on('close', () => {
      if (!parts.response.writableFinished) this.#controller?.abort(new ClientGone());
    });
    parts.response.on('drain', () => this.#controller?.resume());
  }

  start(): void {
    const { dispatcher, request, response, path, headers } = this.#parts;
    if (this.#hasBody && request.headers.expect !== undefined) response.writeContinue();
    const method = request.method ?? 'GET';
    dispatcher.dispatch({ path, method, headers, body: this.#hasBody ? request : null }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#parts.response.closed) controller.abort(new ClientGone());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (status < 200) return;
    const headers = clientHeaders(textOf(controller.rawHeaders));
    this.#parts.response.writeHead(status, statusMessage ?? '', headers);
    // An event stream's first event may be a long time coming.
    this.#parts.response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#parts.response.write(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const { response } = this.#parts;
    const trailers = textOf(controller.rawTrailers);
    if (trailers.length > 0) response.addTrailers(pairs(clientHeaders(trailers)));
    response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { response, onFailure } = this.#parts;
    if (response.closed || error instanceof ClientGone) return;
    if (!response.headersSent && this.#mayRepeat(error)) {
      this.#repeated = true;
      this.start();
      return;
    }
    onFailure(error);
    send(response, answerToFailure(error));
  }

  #mayRepeat(error: Error): boolean {
    const { method } = this.#parts.request;
    return !this.#repeated && !this.#hasBody && repeatable.has(method) && wasClosedUnderUs(error);
  }
}

/** Raw headers come from undici as bytes; HTTP's bytes are Latin-1 to Node. */
function textOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) result.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return result;
}
