/** What a user's stream can be asked to do. */
export type UserCommand =
  | { readonly type: 'register'; readonly confirmed: boolean }
  | { readonly type: 'confirm' }
  | { readonly type: 'disable' }
  | { readonly type: 'enable' }
  | { readonly type: 'revoke-sessions' }
  | { readonly type: 'revoke-session'; readonly session: SessionStanding }
  | { readonly type: 'delete' };

/** What a decision about one session needs to know of it; read by the caller, since sessions are not in the stream. */
export interface SessionStanding {
  readonly sid: string;
  /** The stream's version when the session began. */
  readonly version: number;
  readonly revoked: boolean;
}
