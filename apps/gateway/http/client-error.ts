import type { Socket } from 'node:net';
import { problemAnswer } from './answer.js';

/**
 * Answers what Node's parser refuses: both a length and chunks, a bad chunk, more headers than fit, a request that takes
 * too long to arrive. The connection is closed: what follows on it cannot be told apart from the rest of the bad request.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = answerTo(error.code);
  const lines = [`HTTP/1.1 ${status} ${reasonOf(status)}`, 'connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** A second answer in the middle of the first would be read as part of it. Node keeps the answer under way here. */
function hasBegunToAnswer(socket: Socket): boolean {
  const message: unknown = Reflect.get(socket, '_httpMessage');
  return typeof message === 'object' && message !== null && Reflect.get(message, 'headersSent') === true;
}

const tooLarge = problemAnswer({
  status: 431,
  code: 'HeadersTooLarge',
  detail: 'the headers are larger than this server reads',
});
const tooSlow = problemAnswer({ status: 408, code: 'RequestTimeout', detail: 'the request took too long to arrive' });
const malformed = problemAnswer({ status: 400, code: 'MalformedRequest', detail: 'this is not an HTTP request' });

function answerTo(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return tooLarge;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? tooSlow : malformed;
}

function reasonOf(status: number): string {
  if (status === 431) return 'Request Header Fields Too Large';
  return status === 408 ? 'Request Timeout' : 'Bad Request';
}
