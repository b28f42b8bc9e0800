import { type RecordedEvent, raisesWatermark } from '#libs/domain';
import type { Revocation } from './revocations.js';

/** What an event means for the revocation set; null when nothing. The one place where this is said. */
export function revocationOf(event: RecordedEvent): Revocation | null {
  const subject = { app: event.app, userId: event.userId };
  if (event.type === 'portcullis.user.session-revoked.v1') return { subject, sid: event.data.sid, at: event.time };
  if (event.type === 'portcullis.app.sessions-revoked.v1' || raisesWatermark(event.type)) {
    return { subject, watermark: event.version, at: event.time };
  }
  return null;
}
