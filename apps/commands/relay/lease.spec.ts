import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { Lease } from './lease.js';

let time = 1_000_000;
let temporary: TemporaryStore;
beforeEach(() => {
  temporary = openTemporaryStore();
});
afterEach(() => temporary.close());

const lease = (holder: string) =>
  Lease.open(temporary.documents, { name: 'work', holder, lifeMs: 5_000, now: () => time });

describe('given a lease', () => {
  it('when many ask at once, then one holds it, and goes on holding it', async () => {
    const leases = await Promise.all(['a', 'b', 'c', 'd'].map(lease));
    const first = await Promise.all(leases.map((each) => each.hold()));
    expect(first.filter(Boolean)).toHaveLength(1);
    for (const each of leases) await each.hold();
    expect(await Promise.all(leases.map((each) => each.hold()))).toEqual(first);
  });

  it('when its holder does not renew it, then another has it after its life', async () => {
    const [dead, heir] = [await lease('dead'), await lease('heir')];
    expect(await dead.hold()).toBe(true);
    time += 4_999;
    expect(await heir.hold()).toBe(false);
    time += 2;
    expect(await heir.hold()).toBe(true);
    expect(await dead.hold()).toBe(false);
  });

  it('when it is let go, then another has it at once; who does not hold it cannot let it go', async () => {
    const [holder, other] = [await lease('holder'), await lease('other')];
    await holder.hold();
    await other.release();
    expect(await other.hold()).toBe(false);
    await holder.release();
    time += 1;
    expect(await other.hold()).toBe(true);
  });
});
