import {
  type Closers,
  type Config,
  closingOnFailure,
  createMetrics,
  type Logger,
  neededServer,
  type Running,
  requireCluster,
  revocationLifeMs,
  waitForServers,
} from '#libs/platform';
import { RedisRevocations, redisSettings } from '#libs/revocations/redis';
import { JwksKeySource } from '#libs/tokens';
import { createGateway, type Gateway } from './create-gateway.js';

/** An edge of its own, which needs Redis and the issuer's public keys and nothing else. */
export interface Edge extends Running {
  readonly gateway: Gateway;
}

const keysEveryMs = 60_000;

/**
 * Waits for Redis and for the issuer's keys, and starts an edge on them. @throws ConfigurationInvalid, PortUnavailable,
 * ServerUnfit
 */
export async function assembleEdge(config: Config, logger: Logger): Promise<Edge> {
  requireCluster(config, ['REDIS_URL', 'JWKS_URL']);
  return await closingOnFailure((closers) => assemble(config, logger, closers));
}

async function assemble(config: Config, logger: Logger, closers: Closers): Promise<Edge> {
  const now = Date.now;
  const lifeMs = revocationLifeMs(config.ACCESS_TOKEN_TTL, config);
  const revocations = closers.add(new RedisRevocations({ ...redisSettings(config, logger), lifeMs: () => lifeMs }));
  const keys = new JwksKeySource({ url: config.JWKS_URL, now });
  const where = { host: config.HOST, port: config.EDGE_PORT, setting: 'EDGE_PORT' };
  const servers = [
    neededServer('Redis', () => revocations.checkServer(), logger),
    { name: 'the keys at JWKS_URL', probe: () => keys.refresh() },
  ];
  await waitForServers(servers, where, logger);
  const refreshing = setInterval(() => {
    keys.refresh().catch((error: unknown) => logger.warn({ err: error }, 'the public keys could not be fetched'));
  }, keysEveryMs);
  closers.add({ close: () => clearInterval(refreshing) });
  const gateway = closers.add(
    await createGateway({ config, logger, metrics: createMetrics(), keys, revocations, now }),
  );
  await gateway.listen();
  return { gateway, close: () => closers.close() };
}
