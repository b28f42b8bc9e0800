import { describe, expect, it } from '@jest/globals';
import { originForm } from './request-target.js';

describe('given a request target', () => {
  it.each([
    ['/', '/'],
    ['/a/../b//c;d?e=/../f', '/a/../b//c;d?e=/../f'],
    ['//evil.example/a', '//evil.example/a'],
    ['http://evil.example/a?b', '/a?b'],
    ['HTTP://evil.example', '/'],
    ['https://evil.example?b', '/?b'],
    ['http:///a', null],
    ['ftp://evil.example/a', null],
    ['evil.example:443', null],
    ['*', null],
    ['', null],
    ['/a#b', null],
  ])('when it is %j, then %j goes on', (target, expected) => {
    expect(originForm(target)).toBe(expected);
  });
});
