/** Facts of one user's stream. The types are stable for ever; a changed shape is a new revision (see events/upcast.ts). */
export type UserFact =
  | { readonly type: 'portcullis.user.registered.v1'; readonly data: { readonly confirmed: boolean } }
  | { readonly type: 'portcullis.user.confirmed.v1'; readonly data: Record<string, never> }
  | { readonly type: 'portcullis.user.disabled.v1'; readonly data: Record<string, never> }
  | { readonly type: 'portcullis.user.enabled.v1'; readonly data: Record<string, never> }
  | { readonly type: 'portcullis.user.sessions-revoked.v1'; readonly data: Record<string, never> }
  | { readonly type: 'portcullis.user.session-revoked.v1'; readonly data: { readonly sid: string } }
  | { readonly type: 'portcullis.user.deleted.v1'; readonly data: Record<string, never> };
