import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';
import { toProblem } from './to-problem.js';

/** Answers a request whose path cannot be read (Fastify's `frameworkErrors`). */
export function answerUnreadablePath(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  const { body, headers } = toProblem(error);
  void reply.code(body.status).headers(headers).send(JSON.stringify(body));
}

/**
 * Answers what Node's parser refuses: both a length and chunks, a bad chunk, more headers than fit, a request that takes
 * too long to arrive (`clientError` of a server, Fastify's `clientErrorHandler`). The connection is closed: what follows
 * on it cannot be told apart from the rest of the bad request.
 */
export function answerUnreadableRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) {
    socket.destroy();
    return;
  }
  const { body, headers } = toProblem(problemOf(error.code));
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${body.status} ${body.title}`,
    'connection: close',
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}

/** A second answer in the middle of the first would be read as part of it. Node keeps the answer under way here. */
function hasBegunToAnswer(socket: Socket): boolean {
  const message: unknown = Reflect.get(socket, '_httpMessage');
  return typeof message === 'object' && message !== null && Reflect.get(message, 'headersSent') === true;
}

function problemOf(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new Problem(431, 'HeadersTooLarge', 'the headers are larger than this server reads');
  }
  return code === 'ERR_HTTP_REQUEST_TIMEOUT'
    ? new Problem(408, 'RequestTimeout', 'the request took too long to arrive')
    : new Problem(400, 'MalformedRequest', 'this is not an HTTP request');
}
