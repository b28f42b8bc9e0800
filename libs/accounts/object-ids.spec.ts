import { describe, expect, it } from '@jest/globals';
import { objectIds } from './object-ids.js';

describe('given a maker of ids', () => {
  it('when it makes many, then each is 24 hex digits that begin with the second, and none comes twice', () => {
    const newId = objectIds(() => Date.UTC(2025, 0, 1) + 999);
    const ids = Array.from({ length: 20_000 }, newId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^67748580[0-9a-f]{16}$/);
  });

  it('when there is another maker in the same second, then their ids differ', () => {
    const now = () => 0;
    expect(objectIds(now)().slice(0, 18)).not.toBe(objectIds(now)().slice(0, 18));
  });
});
