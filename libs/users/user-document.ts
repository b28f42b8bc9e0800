import type { Document } from '#libs/documents';
import { evolveUser, type RecordedEvent, type UserStatus, type UserStep, unknownUser } from '#libs/domain';

/** A user as the projection shows it: no email and no name (those are in the accounts). Times are ms since the epoch. */
export interface UserDocument extends Document {
  readonly app: string;
  readonly userId: string;
  readonly status: UserStatus;
  /** The version of the newest event that is folded in: older or repeated events change nothing. */
  readonly version: number;
  readonly watermark: number;
  readonly watermarkAt: number;
  readonly registeredAt: number;
  readonly changedAt: number;
  /** The reason given with the newest disabling or deletion; null otherwise. */
  readonly statusReason: string | null;
}

export function userDocumentId(app: string, userId: string): string {
  return `${app}/${userId}`;
}

/** An event of a user's stream. */
export type UserEvent = RecordedEvent & UserStep & { readonly userId: string };

export function isUserEvent(event: RecordedEvent): event is UserEvent {
  return event.userId !== null;
}

/** Folds one event into the document; one at or below the document's version changes nothing. */
export function foldUserDocument(document: UserDocument | null, event: UserEvent): UserDocument {
  if (document && event.version <= document.version) return document;
  const state = evolveUser(document ?? unknownUser, event);
  return {
    _id: userDocumentId(event.app, event.userId),
    app: event.app,
    userId: event.userId,
    ...state,
    registeredAt: document?.registeredAt ?? event.time,
    changedAt: event.time,
    statusReason: state.status === document?.status ? document.statusReason : event.reason,
  };
}
