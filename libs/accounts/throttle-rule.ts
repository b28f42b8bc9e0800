/** How failures slow down whoever makes them. */
export interface ThrottleRule {
  /** So many failures cost nothing. */
  readonly freeFailures: number;
  /** The first wait; each further failure doubles it. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Failures are forgotten when so much time has passed since the last one. */
  readonly forgetAfterMs: number;
}

/** How long to wait after the last of so many failures. */
export function waitMs(rule: ThrottleRule, failures: number): number {
  if (failures < rule.freeFailures) return 0;
  return Math.min(rule.longestWaitMs, rule.firstWaitMs * 2 ** (failures - rule.freeFailures));
}
