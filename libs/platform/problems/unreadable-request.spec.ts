import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answerUnreadableRequest } from './unreadable-request.js';

let server: Server;
beforeEach(async () => {
  // Begins to answer, and does not end: the other side then goes on with what is no request.
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': '100' });
    response.write('the first half');
  });
  server.on('clientError', answerUnreadableRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends one text and, once something has come back, another; gives all that came. */
function send(first: string, then = ''): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(first));
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no end of the answer: ${answer}`)));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (then !== '' && answer.includes('the first half')) socket.write(then);
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}

describe('given something that is no HTTP', () => {
  it('when no answer is under way, then it gets a problem document and the connection ends', async () => {
    const answer = await send('hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"code":"MalformedRequest"');
  });

  it('when an answer is under way, then the connection ends without another one in the middle of it', async () => {
    const answer = await send('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n', 'no chunk\r\n');
    expect(answer).toContain('the first half');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
