import type { JsonSchema } from '#libs/domain';
import { parkedType } from '../../apps/projector/parking.js';
import { binaryHeaders } from '../../libs/event-log/kafka/cloud-event.js';
import { exampleEvent } from './asyncapi-examples.js';

export const parkedHeaders: JsonSchema = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'content-type'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', minLength: 1 },
    ce_source: { type: 'string', format: 'uri-reference', minLength: 1 },
    ce_type: { const: parkedType },
    ce_time: { type: 'string', format: 'date-time' },
    'content-type': { const: 'application/json' },
  },
};

const fields = {
  type: { const: parkedType },
  id: { type: 'string', description: 'Projection, partition and offset: the same when an entry is parked again.' },
  projection: { type: 'string', description: 'Which projection could not handle the entry.' },
  partition: { type: 'integer', minimum: 0, description: 'Where the entry is on the topic of all events.' },
  offset: { type: 'integer', minimum: 0, description: 'Where the entry is in its partition.' },
  reason: { type: 'string', description: 'Why it could not be handled.' },
  time: { type: 'integer', minimum: 0, description: 'When it was set aside, in ms since the epoch.' },
  value: { type: ['object', 'null'], description: 'The entry as it was read; null when it was not JSON.' },
} as const;

/** What the projector writes (`Parking`). */
export const parkedSchema: JsonSchema = { type: 'object', required: Object.keys(fields), properties: fields };

export function parkedExample() {
  const payload = {
    type: parkedType,
    id: 'users:3:1207',
    projection: 'users',
    partition: 3,
    offset: 1207,
    reason: 'portcullis.user.disabled.v1: /version must be >= 1',
    time: 1_795_506_250_000,
    value: { ...exampleEvent('portcullis.user.disabled.v1'), version: 0 },
  };
  const { id, time } = payload;
  const headers = binaryHeaders({ id, source: '/portcullis/apps/main', type: parkedType, time });
  return { name: parkedType, headers, payload };
}
