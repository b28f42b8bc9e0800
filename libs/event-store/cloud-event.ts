import type { RawEvent } from '#libs/domain';

/**
 * The context attributes of an event as a CloudEvent (CloudEvents 1.0): source is the app, subject the user or, for an
 * event of the app's own stream, absent. The event itself is the data.
 */
export function cloudEventOf({ value }: { readonly value: RawEvent }) {
  const { id, type, app, userId, time } = value;
  return {
    id: String(id),
    source: `/portcullis/apps/${encodeURIComponent(String(app))}`,
    type: String(type),
    ...(typeof userId === 'string' ? { subject: userId } : {}),
    ...(typeof time === 'number' ? { time } : {}),
  };
}
