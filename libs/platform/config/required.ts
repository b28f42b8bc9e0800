import { type Config, ConfigurationInvalid } from './config.js';

/**
 * Sees that a program that runs on cluster storage only is configured for it. `names` must be set.
 * @throws ConfigurationInvalid naming each that is not.
 */
export function requireCluster(config: Config, names: readonly (keyof Config)[]): void {
  const problems = names.filter((name) => isEmpty(config[name])).map((name) => `${name}: this program needs it`);
  if (config.PORTCULLIS_STORAGE !== 'cluster') {
    problems.unshift('PORTCULLIS_STORAGE: this program runs on cluster storage; for embedded storage use npm start');
  }
  if (problems.length > 0) throw new ConfigurationInvalid(problems);
}

function isEmpty(value: Config[keyof Config]): boolean {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0);
}
