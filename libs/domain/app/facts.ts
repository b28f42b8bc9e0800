/** Facts of an app's own stream. */
export type AppFact = { readonly type: 'portcullis.app.sessions-revoked.v1'; readonly data: Record<string, never> };
