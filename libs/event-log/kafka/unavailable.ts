import { LogUnavailable } from '../event-log.js';

/** Says what could not be done, and why. */
export function unavailable(what: string, error: unknown, complaint: string | null = null): LogUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = error instanceof TooLate && complaint !== null ? ` (${complaint})` : '';
  return new LogUnavailable(`Kafka: ${what}: ${reason}${hint}`, { cause: error });
}

/** Rejects with this when `work` takes longer than `ms`; the work itself goes on and is for the caller to end. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

class TooLate extends Error {
  readonly code = 'too-late';
}
