/** What one request may cost before anything is known of it. Times in ms. */
export const limits = {
  /** Large enough for a token of 100 kB to be refused as what it is, with a verdict. */
  headerBytes: 128 * 1024,
  headerCount: 500,
  headersWithinMs: 10_000,
  /** A whole request, its body included. */
  requestWithinMs: 300_000,
  /** How often the two times above are checked. */
  checkEveryMs: 2_000,
  /** Longer than gateways keep idle connections to us (nginx: 60 s), so that they close them, not we. */
  keepAliveMs: 72_000,
} as const;
