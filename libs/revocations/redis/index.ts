export type { RedisServerCheck } from './check-server.js';
export { redisSettings } from './of-config.js';
export { RedisRevocations } from './revocations.js';
export type { RedisRevocationsSettings, RedisSentinelSettings } from './settings.js';
