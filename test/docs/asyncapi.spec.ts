import { readFileSync, writeFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { type FactType, factTypes } from '#libs/domain';
import { readConfig } from '#libs/platform';
import { asyncApi } from './asyncapi.js';

interface Message {
  readonly name: string;
  readonly headers: object;
  readonly payload: { readonly $ref?: string };
  readonly examples: readonly { readonly headers: object; readonly payload: object }[];
}

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly messages: object }>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>>; readonly schemas: object };
}

const file = new URL('../../docs/asyncapi.json', import.meta.url);
if (process.env.UPDATE_ASYNCAPI === 'yes') writeFileSync(file, `${JSON.stringify(asyncApi(), null, 2)}\n`);
const document: AsyncApi = JSON.parse(readFileSync(file, 'utf8'));
const { messages } = document.components;

/** Follows a reference within the document; what is not one is given back. */
function resolved(value: object): object {
  if (!('$ref' in value)) return value;
  const path = String(value.$ref).replace(/^#\//, '').split('/');
  return path.reduce<object>((at, name) => new Map<string, object>(Object.entries(at)).get(name) ?? {}, document);
}

function validator() {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true });
  formats.default(ajv);
  return ajv;
}

function errorsOf(schema: object, value: unknown): unknown {
  const ajv = validator();
  ajv.validate(schema, value);
  return ajv.errors ?? [];
}

describe('given the description of the topics', () => {
  it('when it is compared with the event schemas, then it is up to date (if not: UPDATE_ASYNCAPI=yes, npm run format)', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(asyncApi())));
  });

  it('when it is held against the schema of AsyncAPI 3.0.0, then nothing is wrong', () => {
    // The schema of the specification leaves out types that its keywords imply, which strict mode would not take.
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    const specification: object = specs.schemasWithoutId['3.0.0'];
    ajv.validate(specification, document);
    expect(ajv.errors).toBeNull();
  });

  it('when its references are followed, then each leads to something', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
    expect(references.length).toBeGreaterThan(factTypes.length);
    for (const to of references)
      expect({ to, found: Object.keys(resolved({ $ref: to })).length > 0 }).toMatchObject({ found: true });
  });

  it('then both topics are in it', () => {
    const { KAFKA_TOPIC: topic } = readConfig({});
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual([topic, `${topic}.parked`]);
  });

  it('then every type of event is in it, and on the topic', () => {
    const types: string[] = [...factTypes].sort();
    expect(Object.keys(document.channels.userEvents?.messages ?? {}).sort()).toEqual(types);
    expect(Object.keys(document.components.schemas).sort()).toEqual(types);
    expect(Object.keys(messages)).toEqual(expect.arrayContaining(types));
  });
});

describe.each(Object.keys(messages))('given the message %s', (name) => {
  const message = messages[name];
  if (!message) throw new Error(`there is no message ${name}`);

  it('then it has examples, and each has the headers and the payload that it promises', () => {
    expect(message.examples.length).toBeGreaterThan(0);
    for (const { headers, payload } of message.examples) {
      expect(errorsOf(message.headers, headers)).toEqual([]);
      expect(errorsOf(resolved(message.payload), payload)).toEqual([]);
    }
  });

  it('when a header that it requires is missing, then the example is refused', () => {
    const { ce_type: _type, ...headers } = { ce_type: '', ...message.examples[0]?.headers };
    expect(errorsOf(message.headers, headers)).not.toEqual([]);
  });
});

describe.each(factTypes)('given an example of %s', (type: FactType) => {
  it('when it has a field that no event has, then its schema refuses it', () => {
    const message = messages[type];
    const [example] = message?.examples ?? [];
    const payload = { ...example?.payload, email: 'ada@example.org' };
    expect(errorsOf(resolved(message?.payload ?? {}), payload)).not.toEqual([]);
  });
});
