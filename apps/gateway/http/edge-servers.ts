import { createServer, type RequestListener, type Server } from 'node:http';
import { limits } from './limits.js';

/** The servers behind one port: one for each address of its host name. */
export class EdgeServers {
  readonly #servers: Server[] = [];
  readonly #listenerFor: (own: RequestListener, isListening: () => boolean) => RequestListener;

  constructor(listenerFor: (own: RequestListener, isListening: () => boolean) => RequestListener) {
    this.#listenerFor = listenerFor;
  }

  /** Opens a server whose requests go to the doors, or to `own`. */
  open(own: RequestListener): Server {
    const server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersWithinMs,
      requestTimeout: limits.requestWithinMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      keepAliveTimeout: limits.keepAliveMs,
    });
    const listener = this.#listenerFor(own, () => server.listening);
    server.on('request', listener);
    // Whoever asks whether to send its body is told so only when the request is let in.
    server.on('checkContinue', listener);
    // Headers beyond a number would be dropped without a word, and with them a second Authorization. Their size is bounded.
    server.maxHeadersCount = 0;
    this.#servers.push(server);
    return server;
  }

  closeIdleConnections(): void {
    for (const server of this.#servers) server.closeIdleConnections();
  }

  closeAllConnections(): void {
    for (const server of this.#servers) server.closeAllConnections();
  }
}
