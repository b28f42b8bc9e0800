import { cleanEnv } from 'envalid';
import { settings } from './settings.js';

/** The configuration of a process could not be read. `problems` has one line for each variable that is wrong. */
export class ConfigurationInvalid extends Error {
  readonly code = 'configuration-invalid';
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
}

export type Config = ReturnType<typeof readConfig>;

/**
 * Reads and checks the configuration.
 * @throws ConfigurationInvalid naming every variable that is wrong, and why; a secret's value is not repeated.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const problems: string[] = [];
  const read = cleanEnv(env, settings, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) if (error) problems.push(`${name}: ${error.message}`);
    },
  });
  if (problems.length > 0) throw new ConfigurationInvalid(problems);
  const values = { ...read };
  if (values.ACCESS_TOKEN_TTL >= values.REFRESH_TOKEN_TTL) {
    problems.push('ACCESS_TOKEN_TTL: an access token must live shorter than the session (REFRESH_TOKEN_TTL)');
  }
  if (values.KAFKA_SASL !== 'none' && (values.KAFKA_USERNAME === '' || values.KAFKA_PASSWORD === '')) {
    problems.push('KAFKA_SASL: signing in to Kafka needs KAFKA_USERNAME and KAFKA_PASSWORD');
  }
  if (values.REDIS_SENTINELS.length > 0 && values.REDIS_SENTINEL_NAME === '') {
    problems.push('REDIS_SENTINEL_NAME: name the master that the Sentinels watch');
  }
  if (values.CONTROL_PORT === values.EDGE_PORT) {
    problems.push('EDGE_PORT: the edge needs another port than the control API (CONTROL_PORT)');
  }
  if (problems.length > 0) throw new ConfigurationInvalid(problems);
  return {
    ...values,
    TOKEN_AUDIENCE: values.TOKEN_AUDIENCE || values.APP_ID,
    ADMIN_API_KEY: values.ADMIN_API_KEY || null,
    UPSTREAM_URL: values.UPSTREAM_URL || null,
    JWKS_URL: values.JWKS_URL || `${values.TOKEN_ISSUER}/.well-known/jwks.json`,
  };
}

/** A token may be issued a little after its session was looked at, by a process that was held up in between. */
const heldUpMs = 60_000;

/**
 * How long the revocation set must remember a fact, in ms: the longest life of an access token that may be about, and
 * the difference of the clocks of issuer and edge, each way, and some more.
 */
export function revocationLifeMs(longestAccessLifeMs: number, config: Pick<Config, 'CLOCK_SKEW'>): number {
  return longestAccessLifeMs + 2 * config.CLOCK_SKEW + heldUpMs;
}
