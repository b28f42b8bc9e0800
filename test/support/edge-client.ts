import { request } from 'node:http';
import { connect } from 'node:net';

export interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  /** The body, parsed; null when it is not JSON. */
  readonly json: Record<string, unknown> | null;
}

export interface Asking {
  readonly method?: string;
  /** As it goes on the wire; not changed in any way. */
  readonly path?: string;
  /** Names and values in turn, as they go on the wire. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Asks a server over a connection of its own, sending headers exactly as given. */
export function ask(url: string, { method = 'GET', path = '/', headers = [], body }: Asking = {}): Promise<Answered> {
  const { hostname, port, host } = new URL(url);
  const framing = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, method, path, agent: false, headers: ['host', host, ...headers, ...framing] },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            json: text.startsWith('{') ? JSON.parse(text) : null,
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Sends raw bytes and gives back all that the server says until it closes, or until `withinMs` have passed. */
export function sendRaw(url: string, bytes: string | Buffer, withinMs = 2_000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let said = '';
    const timer = setTimeout(() => socket.destroy(), withinMs);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      said += chunk;
    });
    socket.on('error', (error: Error & { readonly code?: string }) => {
      // The server may close while we are still sending.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(said);
    });
    socket.write(bytes);
  });
}

export function bearer(token: string): string[] {
  return ['authorization', `Bearer ${token}`];
}
