import { createServer, type ServerResponse } from 'node:http';

/** An upstream whose answers are under way for as long as a test wants. */
export interface SlowUpstream {
  readonly url: string;
  /** How many requests have come. */
  readonly came: () => number;
  close(): Promise<void>;
}

/** `/slow` answers after `slowMs`; everything else begins an answer of two parts that never ends. */
export async function startSlowUpstream(slowMs: number): Promise<SlowUpstream> {
  let came = 0;
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    came += 1;
    if (request.url === '/slow') {
      setTimeout(() => response.end('answered'), slowMs);
      return;
    }
    open.add(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    came: () => came,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
