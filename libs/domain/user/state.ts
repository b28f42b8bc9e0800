/**
 * Where a user stands: all that a decision needs, and so small that it is stored with each event.
 * `watermark` is the version below which every token of the user is dead; `watermarkAt` is its time in milliseconds.
 */
export interface UserState {
  readonly status: UserStatus;
  readonly version: number;
  readonly watermark: number;
  readonly watermarkAt: number;
}

export type UserStatus = 'unknown' | 'pending' | 'confirmed' | 'disabled' | 'deleted';

/** The state of a stream without events. */
export const unknownUser: UserState = { status: 'unknown', version: 0, watermark: 0, watermarkAt: 0 };
