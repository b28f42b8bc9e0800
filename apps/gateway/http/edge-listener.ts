import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { problemAnswer, send } from './answer.js';
import { limits } from './limits.js';
import { originForm } from './request-target.js';

/** Something that answers requests. */
export interface Door {
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export interface EdgeListenerParts {
  readonly verdict: Door;
  readonly proxy: Door;
  /** Paths that are the edge's own, by their exact spelling: they are neither judged nor passed on. */
  readonly ownPaths: ReadonlySet<string>;
  /** Answers those. */
  readonly own: RequestListener;
  /** False when the server is stopping: then connections are closed after their answer. */
  readonly isListening: () => boolean;
}

const verdictPath = '/_portcullis/verdict';

const tooManyHeaders = problemAnswer({
  status: 431,
  code: 'HeadersTooLarge',
  detail: `a request may have at most ${limits.headerCount} headers`,
});
const badTarget = problemAnswer({
  status: 400,
  code: 'InvalidRequest',
  detail: 'the request target is not a path that could be passed on',
});

/**
 * Shows a request to its door, before Fastify and Nest see it
 * (docs/decisions/0007-verdict-outside-nests-pipeline.md). Paths are compared as they came, not decoded: what is not the
 * edge's own to the letter is judged and passed on, whatever the upstream takes it for.
 */
export function edgeListener({ verdict, proxy, ownPaths, own, isListening }: EdgeListenerParts): RequestListener {
  return (request, response) => {
    if (!isListening()) response.shouldKeepAlive = false;
    if (request.rawHeaders.length > 2 * limits.headerCount) {
      response.shouldKeepAlive = false;
      send(response, tooManyHeaders);
      return;
    }
    const target = originForm(request.url ?? '');
    if (target === null) {
      send(response, badTarget);
      return;
    }
    request.url = target;
    if (isUnder(verdictPath, target)) verdict.handle(request, response);
    else if (ownPaths.has(withoutQuery(target))) own(request, response);
    else proxy.handle(request, response);
  };
}

function isUnder(path: string, target: string): boolean {
  if (!target.startsWith(path)) return false;
  const next = target[path.length];
  return next === undefined || next === '/' || next === '?';
}

function withoutQuery(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
