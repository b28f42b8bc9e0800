import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { merge } from './merge.js';
import type { Revocation, RevocationEntry } from './revocations.js';

const subject = { app: 'app', userId: 'a' };
const fact: fc.Arbitrary<Revocation> = fc.oneof(
  fc.record({ watermark: fc.nat(20), at: fc.nat(5) }).map((raise) => ({ subject, ...raise })),
  fc.record({ sid: fc.constantFrom('s1', 's2', 's3'), at: fc.nat(5) }).map((death) => ({ subject, ...death })),
);
const folded = (facts: readonly Revocation[]) =>
  facts.reduce<RevocationEntry | null>((entry, one) => merge(entry, one), null);

describe('given facts about one subject', () => {
  it('when they come in any order and any number of times, then the entry is the same', () => {
    const told = fc.array(fact, { minLength: 1, maxLength: 20 }).chain((facts) =>
      fc.record({
        facts: fc.constant(facts),
        again: fc.shuffledSubarray([...facts, ...facts, ...facts], { minLength: facts.length * 2 }),
      }),
    );
    fc.assert(
      fc.property(told, ({ facts, again }) => {
        expect(folded([...again, ...facts])).toEqual(folded(facts));
      }),
    );
  });

  it('when another is added, then nothing that was held is let go', () => {
    fc.assert(
      fc.property(fc.array(fact, { minLength: 1 }), fact, (facts, one) => {
        const before = folded(facts);
        const after = merge(before, one);
        expect(after.watermark).toBeGreaterThanOrEqual(before?.watermark ?? 0);
        for (const sid of before?.deadSessions ?? []) expect(after.deadSessions.has(sid)).toBe(true);
      }),
    );
  });

  it('when a fact changes nothing, then the very same entry is given', () => {
    const entry = folded([
      { subject, watermark: 3, at: 3 },
      { subject, sid: 's1', at: 1 },
    ]);
    expect(merge(entry, { subject, watermark: 2, at: 9 })).toBe(entry);
    expect(merge(entry, { subject, sid: 's1', at: 9 })).toBe(entry);
  });
});
