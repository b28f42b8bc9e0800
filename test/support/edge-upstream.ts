import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

/** What an upstream was asked. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface TestUpstream {
  readonly url: string;
  /** Every request that arrived whole, in order. */
  readonly seen: readonly Seen[];
  /** How many requests began. */
  readonly begun: () => number;
  close(): Promise<void>;
}

/** A real server behind the edge, which notes what it gets and answers 200, or as `answer` does. */
export async function startUpstream(answer?: RequestListener): Promise<TestUpstream> {
  const seen: Seen[] = [];
  let begun = 0;
  const server = createServer((request, response) => {
    begun += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request;
      seen.push({ method, url, rawHeaders, headers, body: Buffer.concat(chunks).toString('latin1') });
      if (answer === undefined) response.end('hello');
    });
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    begun: () => begun,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
