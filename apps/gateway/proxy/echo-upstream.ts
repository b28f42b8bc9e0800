import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface EchoUpstream {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The upstream of an edge that was given none: answers what it got, as JSON: the method, the path, the headers that say
 * who asks, and how many bytes the body had. Never the token. Listens on loopback, on a port that is free.
 */
export async function startEchoUpstream(): Promise<EchoUpstream> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the echo upstream has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  let bodyBytes = 0;
  request.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length;
  });
  request.on('end', () => {
    const identity = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => /^x-(portcullis|forwarded)-/.test(name)),
    );
    const body = { upstream: 'echo', method: request.method, path: request.url, headers: identity, bodyBytes };
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(body)}\n`);
  });
}
