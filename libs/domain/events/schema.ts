import type { FactType } from './event.js';

/** A JSON Schema, as data: the validator lives outside the domain, and the topics' description is made of the same. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The revision that is written today, for each type. A reader upcasts older ones (see upcast.ts). */
export const currentRevision: Readonly<Record<FactType, number>> = {
  'portcullis.user.registered.v1': 1,
  'portcullis.user.confirmed.v1': 1,
  'portcullis.user.disabled.v1': 1,
  'portcullis.user.enabled.v1': 1,
  'portcullis.user.sessions-revoked.v1': 1,
  'portcullis.user.session-revoked.v1': 1,
  'portcullis.user.deleted.v1': 1,
  'portcullis.app.sessions-revoked.v1': 1,
};

export const factTypes = Object.keys(currentRevision) as readonly FactType[];

const nothing: JsonSchema = { type: 'object', additionalProperties: false };

/** The shape of `data` at the current revision, for each type. */
export const dataSchemas: Readonly<Record<FactType, JsonSchema>> = {
  'portcullis.user.registered.v1': {
    type: 'object',
    required: ['confirmed'],
    properties: { confirmed: { type: 'boolean' } },
    additionalProperties: false,
  },
  'portcullis.user.confirmed.v1': nothing,
  'portcullis.user.disabled.v1': nothing,
  'portcullis.user.enabled.v1': nothing,
  'portcullis.user.sessions-revoked.v1': nothing,
  'portcullis.user.session-revoked.v1': {
    type: 'object',
    required: ['sid'],
    properties: { sid: { type: 'string', minLength: 1, maxLength: 64 } },
    additionalProperties: false,
  },
  'portcullis.user.deleted.v1': nothing,
  'portcullis.app.sessions-revoked.v1': nothing,
};

/** A user's id: 24 hex digits, or `<alias>|<subject>` of another issuer. */
const userId = { type: 'string', minLength: 1, maxLength: 256 } as const;

const envelope = {
  id: { type: 'string', minLength: 1, maxLength: 64 },
  app: { type: 'string', minLength: 1, maxLength: 64 },
  version: { type: 'integer', minimum: 1 },
  time: { type: 'integer', minimum: 0 },
  commandId: { type: 'string', minLength: 1, maxLength: 128 },
  correlationId: { type: 'string', minLength: 1, maxLength: 128 },
  actor: {
    type: 'object',
    required: ['kind', 'id'],
    properties: { kind: { enum: ['admin', 'user', 'system'] }, id: userId },
    additionalProperties: false,
  },
  reason: { type: ['string', 'null'], maxLength: 500 },
} as const;

/** The whole recorded event of one type. An unknown field is refused: nothing private can slip into an event. */
export function eventSchema(type: FactType): JsonSchema {
  const ofUser = type.startsWith('portcullis.user.');
  return {
    $id: type,
    type: 'object',
    required: [...Object.keys(envelope), 'userId', 'type', 'revision', 'data'],
    properties: {
      ...envelope,
      userId: ofUser ? userId : { type: 'null' },
      type: { const: type },
      revision: { const: currentRevision[type] },
      data: dataSchemas[type],
    },
    additionalProperties: false,
  };
}
