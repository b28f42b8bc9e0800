import type { Config, Logger } from '#libs/platform';
import type { RedisRevocationsSettings, RedisSentinelSettings } from './settings.js';

/** How Redis is reached, by the settings. */
export function redisSettings(config: Config, logger: Logger): Omit<RedisRevocationsSettings, 'lifeMs'> {
  return {
    url: config.REDIS_URL,
    ...(config.REDIS_SENTINELS.length > 0 ? { sentinel: sentinelSettings(config) } : {}),
    keyPrefix: config.REDIS_PREFIX,
    commandTimeoutMs: config.REDIS_TIMEOUT,
    onTrouble: (error) => logger.error({ err: error }, 'Redis cannot be asked; connecting again'),
    onConnected: () => logger.info('Redis can be asked'),
  };
}

function sentinelSettings(config: Config): RedisSentinelSettings {
  const nodes = config.REDIS_SENTINELS.map((node) => {
    const [, host = node, port = '26379'] = /^(.*?)(?::(\d+))?$/.exec(node) ?? [];
    return { host, port: Number(port) };
  });
  const password = config.REDIS_SENTINEL_PASSWORD;
  return { name: config.REDIS_SENTINEL_NAME, nodes, ...(password === '' ? {} : { password }) };
}
