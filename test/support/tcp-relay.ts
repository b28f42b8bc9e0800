import { createServer, connect as dial, type Socket } from 'node:net';

/** Stands between a client and a server, and can hold the answers back and end every connection. */
export interface TcpRelay {
  readonly port: number;
  /** Answers are lost from now on, on the connections of now. */
  silence(): void;
  /** Ends all connections in the order in which they were made; new ones are served. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRelayTo(port: number): Promise<TcpRelay> {
  const clients = new Map<Socket, Socket>();
  const server = createServer((client) => {
    const upstream = dial(port, '127.0.0.1');
    clients.set(client, upstream);
    client.pipe(upstream).pipe(client);
    const end = () => {
      clients.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    port: address.port,
    silence: () => {
      for (const [client, upstream] of clients) upstream.unpipe(client).resume();
    },
    cut: () => {
      for (const client of clients.keys()) client.end();
    },
    close: async () => {
      for (const [client, upstream] of clients) [client, upstream].map((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
