import { eventSchema, type FactType, factTypes, type JsonSchema } from '#libs/domain';
import { readConfig } from '#libs/platform';
import { parkedType } from '../../apps/projector/parking.js';
import { defaultPartitions } from '../../libs/event-log/kafka/topic.js';
import { eventExamples } from './asyncapi-examples.js';
import { parkedExample, parkedHeaders, parkedSchema } from './asyncapi-parked.js';

type Json = { readonly [name: string]: unknown };

const meanings: Readonly<Record<FactType, string>> = {
  'portcullis.user.registered.v1': 'A user was registered. `confirmed` is false when they are still pending.',
  'portcullis.user.confirmed.v1': 'A pending user was confirmed.',
  'portcullis.user.disabled.v1': 'A user was disabled: every token of theirs is dead.',
  'portcullis.user.enabled.v1': 'A disabled user may sign in again. Their old tokens stay dead.',
  'portcullis.user.sessions-revoked.v1': 'Every session of a user was revoked: every token of theirs is dead.',
  'portcullis.user.session-revoked.v1': 'One session of a user was revoked: the tokens with this `sid` are dead.',
  'portcullis.user.deleted.v1':
    'A user was deleted, for ever. Whoever keeps data under their id hears of it here, and can erase it.',
  'portcullis.app.sessions-revoked.v1': 'Every session of every user of an app was revoked.',
};

/** The topics, as an AsyncAPI 3.0 document made of the domain's schemas. */
export function asyncApi(): Json {
  const { KAFKA_TOPIC: address } = readConfig({});
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Portcullis: the topics',
      version: '1.0.0',
      description:
        'Every fact about the users of Portcullis, as it tells other services. At least once: know an event by its id. In order of `version` for each user. ' +
        'Kept for ever, so that a new reader can begin at the first day. Types are stable; a reader must accept types that it does not know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: { userEvents: userEvents(address), parkedUserEvents: parkedUserEvents(`${address}.parked`) },
    operations: {
      sendUserEvents: {
        action: 'send',
        channel: { $ref: '#/channels/userEvents' },
        summary: 'The relay carries each event here after it was appended to its stream.',
      },
      sendParkedUserEvents: {
        action: 'send',
        channel: { $ref: '#/channels/parkedUserEvents' },
        summary: 'The projector sets an entry aside that it could not project.',
      },
    },
    components: {
      messages: {
        ...Object.fromEntries(factTypes.map((type) => [type, eventMessage(type)])),
        [parkedType]: parkedMessage(),
      },
      schemas: Object.fromEntries(factTypes.map((type) => [type, payloadSchema(type)])),
    },
  };
}

/** A type's schema without `$id`, which would move the base of the document's references. */
export function payloadSchema(type: FactType): JsonSchema {
  const { $id: _$id, ...schema } = eventSchema(type);
  return schema;
}

/** What the headers of an event's record are (CloudEvents 1.0, Kafka protocol binding, section 3.2: binary mode). */
export function headersSchema(type: FactType): JsonSchema {
  const ofUser = type.startsWith('portcullis.user.');
  return {
    type: 'object',
    required: [
      ...['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'content-type'],
      ...(ofUser ? ['ce_subject'] : []),
    ],
    properties: {
      ce_specversion: { const: '1.0' },
      ce_id: { type: 'string', minLength: 1, description: 'Unique together with `ce_source`.' },
      ce_source: { type: 'string', format: 'uri-reference', minLength: 1 },
      ce_type: { const: type },
      ...(ofUser ? { ce_subject: { type: 'string', minLength: 1, description: 'The id of the user.' } } : {}),
      ce_time: { type: 'string', format: 'date-time' },
      'content-type': { const: 'application/json' },
    },
  };
}

function userEvents(address: string): Json {
  return {
    address,
    title: 'All events',
    description: 'The name is that of setting KAFKA_TOPIC.',
    messages: Object.fromEntries(factTypes.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        topic: address,
        partitions: defaultPartitions,
        topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': -1, 'retention.bytes': -1 },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function parkedUserEvents(address: string): Json {
  return {
    address,
    title: 'Entries that could not be projected',
    description: 'For operators: nothing is lost, the entry stays where it was on the topic of all events.',
    messages: { [parkedType]: { $ref: `#/components/messages/${parkedType}` } },
  };
}

function eventMessage(type: FactType): Json {
  return {
    name: type,
    title: type,
    summary: meanings[type],
    contentType: 'application/json',
    headers: headersSchema(type),
    payload: { $ref: `#/components/schemas/${type}` },
    bindings: kafkaKey(type.startsWith('portcullis.user.') ? 'The id of the user.' : 'The id of the app.'),
    examples: eventExamples(type),
  };
}

function parkedMessage(): Json {
  return {
    name: parkedType,
    title: 'An entry set aside',
    summary: 'An entry of the topic of all events that a projection could not handle, and why.',
    contentType: 'application/json',
    headers: parkedHeaders,
    payload: parkedSchema,
    bindings: kafkaKey('The key of the entry: the id of the user or of the app.'),
    examples: [parkedExample()],
  };
}

function kafkaKey(description: string): Json {
  return { kafka: { key: { type: 'string', description }, bindingVersion: '0.5.0' } };
}
