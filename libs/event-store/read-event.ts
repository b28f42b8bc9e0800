import { Ajv, type ValidateFunction } from 'ajv';
import { eventSchema, factTypes, type RawEvent, type RecordedEvent, upcast } from '#libs/domain';

/** What was read is not an event that this program knows, even after upcasting. The message says why. */
export class UnreadableEvent extends Error {
  readonly code = 'unreadable-event';
}

const ajv = new Ajv({ allowUnionTypes: true });
const validators = new Map<unknown, ValidateFunction<RecordedEvent>>(
  factTypes.map((type) => [type, ajv.compile<RecordedEvent>(eventSchema(type))]),
);

/**
 * Upcasts an event that was read and checks it against its schema.
 * @throws UnreadableEvent for an unknown type, a newer revision or a wrong shape.
 */
export function readEvent(raw: RawEvent): RecordedEvent {
  const event = upcast(raw);
  const validate = validators.get(event.type);
  if (!validate) throw new UnreadableEvent(`events of type ${JSON.stringify(event.type)} are not known here`);
  if (validate(event)) return event;
  const [first] = validate.errors ?? [];
  throw new UnreadableEvent(
    `${String(event.type)}: ${first?.instancePath || 'the event'} ${first?.message ?? 'is wrong'}`,
  );
}
