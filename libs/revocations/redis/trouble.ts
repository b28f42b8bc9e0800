import { RevocationsUnavailable } from '../revocations.js';

/**
 * The failure of a command in our type. The driver's own error is left behind: it carries the command's arguments, and those
 * of `AUTH` are secret.
 */
export function unavailable(error: unknown): RevocationsUnavailable {
  if (error instanceof RevocationsUnavailable) return error;
  return new RevocationsUnavailable(`Redis cannot be asked: ${reasonOf(error)}`);
}

/** What went wrong, without anything that was sent. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const [said = ''] = error.message.split(', with args beginning with');
  return said === '' ? error.name : said;
}
