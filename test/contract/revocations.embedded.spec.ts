import { MemoryRevocations } from '#libs/revocations/memory';
import { describeRevocations } from './revocations.contract.js';

describeRevocations('memory', async () => {
  const set = new MemoryRevocations({ lifeMs: 60_000, now: Date.now });
  return {
    set,
    secondHandle: async () => set,
    forget: () => set.forget(),
    close: () => set.close(),
  };
});
