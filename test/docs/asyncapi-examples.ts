import { currentRevision, type Fact, type FactType, type RecordedEvent } from '#libs/domain';
import { cloudEventOf } from '#libs/event-store';
import { binaryHeaders } from '../../libs/event-log/kafka/cloud-event.js';

/** One fact of each type; a type that is missing here does not compile. */
const facts: { readonly [T in FactType]: Extract<Fact, { type: T }> } = {
  'portcullis.user.registered.v1': { type: 'portcullis.user.registered.v1', data: { confirmed: true } },
  'portcullis.user.confirmed.v1': { type: 'portcullis.user.confirmed.v1', data: {} },
  'portcullis.user.disabled.v1': { type: 'portcullis.user.disabled.v1', data: {} },
  'portcullis.user.enabled.v1': { type: 'portcullis.user.enabled.v1', data: {} },
  'portcullis.user.sessions-revoked.v1': { type: 'portcullis.user.sessions-revoked.v1', data: {} },
  'portcullis.user.session-revoked.v1': {
    type: 'portcullis.user.session-revoked.v1',
    data: { sid: '6b0540f1d03661823d870e63' },
  },
  'portcullis.user.deleted.v1': { type: 'portcullis.user.deleted.v1', data: {} },
  'portcullis.app.sessions-revoked.v1': { type: 'portcullis.app.sessions-revoked.v1', data: {} },
};

export function exampleEvent(type: FactType): RecordedEvent {
  return {
    ...facts[type],
    id: 'b4b77831-6d3e-4d0a-9c2b-0b8f3f1c7f5e',
    revision: currentRevision[type],
    app: 'main',
    userId: type.startsWith('portcullis.user.') ? '6b054048d03661823d870e60' : null,
    version: 2,
    time: 1_795_506_248_444,
    actor: { kind: 'admin', id: '6b05402ad03661823d870e5f' },
    reason: 'left the company',
    commandId: '0a3bbd4e-3f0e-4a06-8f62-9d6a0d3f4a11',
    correlationId: 'request-4711',
  };
}

/** Examples of a type's message, with the headers that the relay gives it. */
export function eventExamples(type: FactType) {
  const event = exampleEvent(type);
  return [{ name: type, headers: binaryHeaders(cloudEventOf({ value: { ...event } })), payload: event }];
}
