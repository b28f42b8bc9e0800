import { describe, expect, it } from '@jest/globals';
import { type RawEvent, type Upcaster, upcast } from './upcast.js';

/** A type that has changed its shape twice: a name was split, then a field was added. */
const table: Readonly<Record<string, Upcaster>> = {
  'test.moved.v1@1': ({ data, ...event }) => ({ ...event, revision: 2, data: { to: data } }),
  'test.moved.v1@2': ({ data, ...event }) => ({ ...event, revision: 3, data: { ...Object(data), from: null } }),
};
const newest = { type: 'test.moved.v1', revision: 3, id: 'e1', data: { to: 'Oslo', from: null } };

describe('given a type of which two old revisions are known', () => {
  it('when an event of the first one is read, then it is taken through both steps', () => {
    expect(upcast({ type: 'test.moved.v1', revision: 1, id: 'e1', data: 'Oslo' }, table)).toEqual(newest);
  });

  it('when an event of the second one is read, then it is taken through the last step', () => {
    expect(upcast({ type: 'test.moved.v1', revision: 2, id: 'e1', data: { to: 'Oslo' } }, table)).toEqual(newest);
  });

  it('when an event of the newest one is read, then it is left alone', () => {
    expect(upcast(newest, table)).toBe(newest);
  });

  it('when an event is taken through, then what was stored is not touched', () => {
    const stored = Object.freeze({ type: 'test.moved.v1', revision: 1, id: 'e1', data: 'Oslo' });
    upcast(stored, table);
    expect(stored).toEqual({ type: 'test.moved.v1', revision: 1, id: 'e1', data: 'Oslo' });
  });
});

describe('given an event that no upcaster knows', () => {
  const strangers: readonly (readonly [string, RawEvent])[] = [
    ['a type of someone else', { type: 'test.stayed.v1', revision: 1 }],
    ['a revision from the future', { type: 'test.moved.v1', revision: 4 }],
    ['no type and no revision', {}],
    ['a type that is no text', { type: { toString: null }, revision: 1 }],
    ['a revision that is no number', { type: 'test.moved.v1', revision: '1' }],
  ];

  it.each(strangers)('when it has %s, then it is left alone', (_what, event) => {
    expect(upcast(event, table)).toBe(event);
    expect(upcast(event)).toBe(event);
  });
});
