import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Turns } from './turns.js';

describe('given tasks of any length, some of which fail', () => {
  it('when they take turns, then never too many run, each runs once, and they start in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        async (scheduler, concurrent, fails) => {
          const turns = new Turns(concurrent, 100);
          const started: number[] = [];
          let running = 0;
          let most = 0;
          const tasks = fails.map((failing, index) =>
            turns.take(async () => {
              started.push(index);
              running += 1;
              most = Math.max(most, running);
              await scheduler.schedule(Promise.resolve());
              running -= 1;
              if (failing) throw new Error('failed');
              return index;
            }),
          );
          const results = await scheduler.waitFor(Promise.allSettled(tasks));
          expect(started).toEqual(fails.map((_, index) => index));
          expect(most).toBe(Math.min(concurrent, fails.length));
          expect(results.map((result) => result.status === 'rejected')).toEqual(fails);
          expect(running).toBe(0);
        },
      ),
    );
  });
});
