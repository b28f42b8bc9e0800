import { createServer, type ServerResponse } from 'node:http';
import { codeOf } from '../code-of.js';
import type { Logger } from '../logging/logger.js';
import type { Closable } from './closers.js';
import { listening } from './listen.js';

/** A server of somebody else's that a program needs before it can start. */
export interface NeededServer {
  readonly name: string;
  /** Rejects while the server cannot be used yet; an error with code `server-unfit` ends the waiting. */
  probe(): Promise<void>;
}

const againMs = 500;
const sayEveryMs = 10_000;

/**
 * Waits until every server answers, in any order of starting. Meanwhile the program's port answers: it lives, it is not
 * ready, and for what it waits; everything else is 503.
 * @throws PortUnavailable, ServerUnfit
 */
export async function waitForServers(
  servers: readonly NeededServer[],
  where: { readonly host: string; readonly port: number; readonly setting: string },
  logger: Logger,
): Promise<void> {
  const missing = new Map<string, string>();
  const room = await openRoom(where, missing);
  try {
    await Promise.all(servers.map((server) => waitFor(server, missing, logger)));
  } finally {
    await room.close();
  }
}

async function waitFor(server: NeededServer, missing: Map<string, string>, logger: Logger): Promise<void> {
  for (let saidAt = Number.NEGATIVE_INFINITY; ; ) {
    try {
      await server.probe();
      if (missing.delete(server.name)) logger.info({ server: server.name }, 'the server is there');
      return;
    } catch (error) {
      if (codeOf(error) === 'server-unfit') throw error;
      const why = error instanceof Error ? error.message : String(error);
      missing.set(server.name, why);
      if (performance.now() - saidAt >= sayEveryMs) {
        saidAt = performance.now();
        logger.warn({ server: server.name, why }, 'waiting for a server');
      }
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

async function openRoom(
  where: { readonly host: string; readonly port: number; readonly setting: string },
  missing: ReadonlyMap<string, string>,
): Promise<Closable> {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return answer(response, 200, { status: 'ok' });
    const checks = [...missing].map(([name, why]) => ({ name, ok: false, why }));
    response.setHeader('retry-after', '1');
    answer(response, 503, { status: 'not ready', checks });
  });
  await listening(where, () => {
    return new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(where.port, where.host, resolve);
    });
  });
  return {
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
