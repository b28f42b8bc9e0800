import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { subjectKey, subjectOf } from './subject-key.js';

const awkward = fc.string({ unit: fc.constantFrom('a', '/', '%', '2', 'F', '5', '|', 'é'), maxLength: 8 });
const subject = fc.record({ app: awkward, userId: fc.option(awkward) });

describe('given any subject', () => {
  it('when it is made a key and back, then it is the same subject, so no two share a key', () => {
    fc.assert(fc.property(subject, (one) => expect(subjectOf(subjectKey(one))).toEqual(one)));
  });

  it('when its app has an ordinary id, then the key is readable', () => {
    expect(subjectKey({ app: 'shop', userId: null })).toBe('shop');
    expect(subjectKey({ app: 'shop', userId: 'google|42/x' })).toBe('shop/google|42/x');
  });
});
