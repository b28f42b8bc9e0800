import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { Fact, FactType, RecordedEvent } from './event.js';
import { currentRevision, dataSchemas, eventSchema, factTypes } from './schema.js';

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const validators = new Map(factTypes.map((type) => [type, ajv.compile(eventSchema(type))]));

/** One fact of each type; a type that is missing here does not compile. */
const samples: { readonly [T in FactType]: Extract<Fact, { type: T }> } = {
  'portcullis.user.registered.v1': { type: 'portcullis.user.registered.v1', data: { confirmed: false } },
  'portcullis.user.confirmed.v1': { type: 'portcullis.user.confirmed.v1', data: {} },
  'portcullis.user.disabled.v1': { type: 'portcullis.user.disabled.v1', data: {} },
  'portcullis.user.enabled.v1': { type: 'portcullis.user.enabled.v1', data: {} },
  'portcullis.user.sessions-revoked.v1': { type: 'portcullis.user.sessions-revoked.v1', data: {} },
  'portcullis.user.session-revoked.v1': { type: 'portcullis.user.session-revoked.v1', data: { sid: 's1' } },
  'portcullis.user.deleted.v1': { type: 'portcullis.user.deleted.v1', data: {} },
  'portcullis.app.sessions-revoked.v1': { type: 'portcullis.app.sessions-revoked.v1', data: {} },
};

function recorded(type: FactType): RecordedEvent {
  return {
    ...samples[type],
    id: '0190c5c2-0000-7000-8000-000000000001',
    revision: currentRevision[type],
    app: 'main',
    userId: type.startsWith('portcullis.app.') ? null : '65a0f0c0a1b2c3d4e5f60718',
    version: 1,
    time: 1_704_067_200_000,
    commandId: 'c1',
    correlationId: 'r1',
    actor: { kind: 'admin', id: 'key-1' },
    reason: null,
  };
}

function accepts(type: FactType, event: object): boolean {
  return validators.get(type)?.(event) ?? false;
}

describe('given the schemas of all events', () => {
  it('then every type has a revision and a schema for its data', () => {
    const types = Object.keys(samples).sort();
    expect([...factTypes].sort()).toEqual(types);
    expect(Object.keys(currentRevision).sort()).toEqual(types);
    expect(Object.keys(dataSchemas).sort()).toEqual(types);
    for (const revision of Object.values(currentRevision)) expect(revision).toBeGreaterThanOrEqual(1);
  });
});

describe.each(factTypes)('given a recorded event of type %s', (type) => {
  const event = recorded(type);

  it('then its schema accepts it', () => {
    expect(accepts(type, event)).toBe(true);
  });

  it.each(factTypes.filter((other) => other !== type))('then the schema of %s does not', (other) => {
    expect(accepts(other, event)).toBe(false);
  });

  it('when it carries a field that nobody declared, at any depth, then it is refused', () => {
    const names = fc.oneof(fc.constantFrom('email', 'password', 'name', '__proto__', 'toString'), fc.string());
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        for (const path of ['', 'data', 'actor'] as const) {
          const place: object = path === '' ? event : event[path];
          fc.pre(!Object.hasOwn(place, name));
          const widened = widen(place, name, value);
          expect(accepts(type, path === '' ? widened : { ...event, [path]: widened })).toBe(false);
        }
      }),
    );
  });

  it.each(Object.keys(event))('when its %s is missing, then it is refused', (field) => {
    expect(accepts(type, Object.fromEntries(Object.entries(event).filter(([name]) => name !== field)))).toBe(false);
  });

  it.each([
    ['another revision', { revision: currentRevision[type] + 1 }],
    ['version 0', { version: 0 }],
    ['a version between two versions', { version: 1.5 }],
    ['a time that is no number', { time: '2024-01-01T00:00:00Z' }],
    ['an actor of no known kind', { actor: { kind: 'robot', id: 'r2' } }],
    ['a reason of 501 characters', { reason: 'x'.repeat(501) }],
    ['the subject of the other kind of stream', { userId: event.userId === null ? 'u1' : null }],
  ])('when it has %s, then it is refused', (_what, change) => {
    expect(accepts(type, { ...event, ...change })).toBe(false);
  });

  it.each([
    ['an actor with the longest id that a user can have', { actor: { kind: 'user', id: 'u'.repeat(256) } }],
    ['a reason of 500 characters outside the basic plane', { reason: '\u{1F6AA}'.repeat(500) }],
  ])('when it has %s, then it is accepted', (_what, change) => {
    expect(accepts(type, { ...event, ...change })).toBe(true);
  });
});

/** Adds an own property, even one named `__proto__`, as `JSON.parse` would. */
function widen(place: object, name: string, value: unknown): object {
  return Object.defineProperty({ ...place }, name, { value, enumerable: true });
}
