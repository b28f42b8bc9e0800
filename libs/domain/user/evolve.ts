import type { UserFact } from './facts.js';
import type { UserState, UserStatus } from './state.js';

/** The part of a recorded event that the fold reads. */
export type UserStep = UserFact & { readonly version: number; readonly time: number };

/**
 * Folds one event into the state. An event at or below the state's version has been folded already and changes
 * nothing, so a repeated delivery is harmless.
 */
export function evolveUser(state: UserState, event: UserStep): UserState {
  if (event.version <= state.version) return state;
  const raises = raisesWatermark(event.type);
  return {
    status: statusAfter(state.status, event),
    version: event.version,
    watermark: raises ? event.version : state.watermark,
    watermarkAt: raises ? event.time : state.watermarkAt,
  };
}

/** Whether an event of this type kills every token that the user holds (docs/architecture.md, section 2). */
export function raisesWatermark(type: UserFact['type']): boolean {
  return (
    type === 'portcullis.user.disabled.v1' ||
    type === 'portcullis.user.sessions-revoked.v1' ||
    type === 'portcullis.user.deleted.v1'
  );
}

function statusAfter(status: UserStatus, event: UserStep): UserStatus {
  switch (event.type) {
    case 'portcullis.user.registered.v1':
      return event.data.confirmed ? 'confirmed' : 'pending';
    case 'portcullis.user.confirmed.v1':
    case 'portcullis.user.enabled.v1':
      return 'confirmed';
    case 'portcullis.user.disabled.v1':
      return 'disabled';
    case 'portcullis.user.deleted.v1':
      return 'deleted';
    case 'portcullis.user.sessions-revoked.v1':
    case 'portcullis.user.session-revoked.v1':
      return status;
  }
}
