import type { Redis } from 'ioredis';

/** What was found at a start, in words for whoever runs the server. */
export interface RedisServerCheck {
  /** Portcullis must not run on this server. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
  /** What the server is. */
  readonly server: string;
}

/** Looks at the server. What a managed server hides from us becomes a warning. */
export async function checkRedisServer(redis: Redis): Promise<RedisServerCheck> {
  const info = fieldsOf(await redis.info());
  const policy = await configured(redis, 'maxmemory-policy');
  const refusals: string[] = [];
  const warnings: string[] = [];
  const effective = policy ?? info.get('maxmemory_policy');
  if (effective === undefined) {
    warnings.push(
      'Redis hides its maxmemory-policy: make sure that it is `noeviction`, or a revoked token could be let in',
    );
  } else if (effective !== 'noeviction') {
    refusals.push(
      `Redis may throw entries away (maxmemory-policy ${effective}): a revoked token could be let in; set it to \`noeviction\``,
    );
  }
  if (info.get('role') !== 'master')
    refusals.push('Redis is a replica: give the address of the master, or of the Sentinels');
  if (info.get('cluster_enabled') === '1') {
    refusals.push('Redis runs in cluster mode: the set is one MGET, which needs a server that holds every key');
  }
  if (older(info.get('redis_version'), [6, 2])) refusals.push('Redis is older than 6.2');
  warnings.push(...persistenceWarnings(info));
  return { refusals, warnings, server: `Redis ${info.get('redis_version') ?? 'of an unknown version'}` };
}

function* persistenceWarnings(info: ReadonlyMap<string, string>): Generator<string> {
  if (info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err') {
    yield 'Redis cannot write to its disk and may refuse to write at all (MISCONF): look at its log';
  }
  if (info.get('aof_enabled') === '0') {
    yield 'Redis keeps no append-only file: nothing is lost, but after each restart the set is filled from the log from nothing';
  }
}

async function configured(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const reply: unknown = await redis.config('GET', name);
    const value: unknown = Array.isArray(reply) ? reply[1] : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function older(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  if (version === undefined) return false;
  const [ours = 0, itsMinor = 0] = version.split('.').map(Number);
  return ours < major || (ours === major && itsMinor < minor);
}
