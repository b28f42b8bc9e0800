import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCredentials } from './credentials.js';

describe('given the headers of a request', () => {
  it.each([
    [['Authorization', 'Bearer abc'], { token: 'abc' }],
    [['host', 'x', 'AUTHORIZATION', 'bearer   abc'], { token: 'abc' }],
    [[], { fault: 'no-token' }],
    [['Authorisation', 'Bearer abc'], { fault: 'no-token' }],
    [['Authorization', 'Basic abc'], { fault: 'other-scheme' }],
    [['Authorization', 'Bearerabc'], { fault: 'other-scheme' }],
    [['Authorization', 'Bearer'], { fault: 'malformed-credentials' }],
    [['Authorization', 'Bearer '], { fault: 'malformed-credentials' }],
    [['Authorization', ''], { fault: 'malformed-credentials' }],
    [['Authorization', 'Bearer a b'], { fault: 'malformed-credentials' }],
    [['Authorization', 'Bearer a', 'authorization', 'Bearer a'], { fault: 'several-credentials' }],
  ])('when they are %j, then %j is read', (headers, expected) => {
    expect(readCredentials(headers, '/a?b=c')).toEqual(expected);
  });

  it.each([
    ['/a?access_token=x', true],
    ['/a?b&%61ccess_token', true],
    ['/a?b=1;access_token=x', true],
    ['/access_token?b=access_token', false],
    ['/a?my_access_token=1&access_tokens=2', false],
    ['/a', false],
  ])('when the target is %s beside a good header, then it is %s that there are several tokens', (target, several) => {
    const expected = several ? { fault: 'several-credentials' } : { token: 'abc' };
    expect(readCredentials(['authorization', 'Bearer abc'], target)).toEqual(expected);
  });

  it('when there are any headers at all, then a token is read only from the one Authorization header', () => {
    const name = fc.oneof(fc.constantFrom('authorization', 'Authorization', 'AUTHORIZATION', 'host'), fc.string());
    const value = fc.oneof(fc.constantFrom('Bearer abc', 'bearer abc', 'Bearer  abc'), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
        const credentials = readCredentials(pairs.flat(), '/');
        const named = pairs.filter(([one]) => one.toLowerCase() === 'authorization');
        if ('token' in credentials) {
          expect(named).toHaveLength(1);
          expect(named[0]?.[1]).toMatch(/^bearer +/i);
          expect(named[0]?.[1].endsWith(credentials.token)).toBe(true);
          expect(credentials.token).not.toContain(' ');
        }
      }),
    );
  });
});
