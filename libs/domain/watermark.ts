/** What a token says about when its session began. */
export interface TokenStanding {
  /** Claim `ver`: the version of the user's stream when the session began. */
  readonly version: number;
  /** Claim `app_ver`: the same, of the app's stream. */
  readonly appVersion: number;
  readonly sid: string;
}

/** What is known against a user or an app: nothing when absent. */
export interface Watermark {
  readonly watermark: number;
  /** Milliseconds since the epoch at which the watermark was raised. */
  readonly at: number;
}

/**
 * The one rule of the gate: a token is dead when it is older than its user's or its app's watermark, or when its own
 * session is dead. No clocks are compared (docs/architecture.md, section 2). What cannot be compared is dead, so the
 * rule asks what lets a token live.
 */
export function isDead(
  token: TokenStanding,
  user: (Watermark & { readonly deadSessions: ReadonlySet<string> }) | null,
  app: Watermark | null,
): boolean {
  const passesApp = app === null || token.appVersion >= app.watermark;
  const passesUser = user === null || (token.version >= user.watermark && !user.deadSessions.has(token.sid));
  return !(passesApp && passesUser);
}
