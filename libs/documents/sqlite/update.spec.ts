import { describe, expect, it } from '@jest/globals';
import { updated } from './update.js';

describe('given an update that is a mistake', () => {
  it.each([
    ['no operator', {}],
    ['an unknown operator', { $push: { text: 'x' } }],
    ['one field twice', { $set: { text: 'x' }, $unset: { text: true } }],
    ['a change of the id', { $max: { _id: 1 } }],
    ['an increment of text', { $inc: { text: 1 } }],
  ])('when it holds %s, then it is refused', (_, update) => {
    expect(() => updated({ _id: 'a', text: 'x' }, update, false)).toThrow(TypeError);
  });
});

describe('given an update of a document', () => {
  it('when it is applied, then the document itself is left as it was', () => {
    const before = { _id: 'a', count: 1 };
    expect(updated(before, { $inc: { count: 1 }, $setOnInsert: { text: 'x' } }, false)).toEqual({ _id: 'a', count: 2 });
    expect(before).toEqual({ _id: 'a', count: 1 });
  });

  it('when a value is undefined, then the field is left as it was', () => {
    expect(updated({ _id: 'a', text: 'x' }, { $set: { text: undefined } }, false)).toEqual({ _id: 'a', text: 'x' });
  });
});
