import type { Logger } from '#libs/platform';

/** Outages: expected, and told of by each verdict's own line as well. */
const outages: ReadonlySet<unknown> = new Set(['keys-unavailable', 'store-unavailable', 'revocations-unavailable']);

/** Logs what went wrong while a request was judged or answered: an outage in short, anything else whole. */
export function errorTeller(logger: Logger): (error: unknown) => void {
  return (error) => {
    if (error instanceof Error && 'code' in error && outages.has(error.code)) {
      logger.warn({ code: error.code, why: error.message }, 'no verdict');
    } else {
      logger.error({ err: error }, 'unexpected error at the edge');
    }
  };
}
