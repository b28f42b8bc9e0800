import { fastify } from 'fastify';
import type { Registry } from 'prom-client';
import { listening, type ReadinessCheck, type Running, registerHealth } from '#libs/platform';

/** Health and metrics of a program that serves nothing else. */
export interface HealthServer extends Running {
  readonly url: string;
}

/** @throws PortUnavailable */
export async function openHealthServer(
  where: { readonly host: string; readonly port: number; readonly setting: string },
  parts: { readonly checks: readonly ReadinessCheck[]; readonly registry: Registry },
): Promise<HealthServer> {
  const server = fastify({ forceCloseConnections: true });
  registerHealth(server, parts);
  await listening(where, () => server.listen({ host: where.host, port: where.port }));
  return { url: server.listeningOrigin, close: () => server.close() };
}
