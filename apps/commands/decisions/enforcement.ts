import type { Logger, Metrics } from '#libs/platform';
import type { Revocation, Revocations } from '#libs/revocations';
import type { EnforcementStatus } from './outcome.js';

/**
 * The shortcut: writes the revocation set right after the append, so that when a command is answered every strict edge
 * refuses already. It may fail: the projector writes the same from the log.
 */
export class Enforcement {
  constructor(
    private readonly revocations: Revocations,
    private readonly options: {
      readonly atOnce: boolean;
      readonly now: () => number;
      readonly metrics: Metrics;
      readonly logger: Logger;
    },
  ) {}

  /** `appendedAt` is when the event was appended just now (ms), or null when the fact is an old one. */
  async enforce(revocation: Revocation | null, appendedAt: number | null): Promise<EnforcementStatus> {
    const { atOnce, now, metrics, logger } = this.options;
    if (revocation === null) return { status: 'enforced', at: now() };
    if (!atOnce) return { status: 'pending' };
    try {
      await this.revocations.raise([revocation]);
    } catch (error) {
      logger.warn({ err: error, subject: revocation.subject }, 'not enforced at once; the log will repair it');
      return { status: 'pending' };
    }
    const at = now();
    if (appendedAt !== null)
      metrics.appendToEnforced.observe({ via: 'shortcut' }, Math.max(0, at - appendedAt) / 1_000);
    return { status: 'enforced', at };
  }
}
