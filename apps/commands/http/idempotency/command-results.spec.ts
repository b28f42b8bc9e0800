import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from '#libs/documents';
import { openTemporaryStore, type TemporaryStore } from '../../../../test/support/program-store.js';
import { CommandResults } from './command-results.js';

const keepMs = 3_600_000;
const question = { text: 'question', secret: 'a password' };
let time: number;
let temporary: TemporaryStore;
beforeEach(() => {
  time = Date.UTC(2025, 0, 1);
  temporary = openTemporaryStore();
});
afterEach(() => temporary.close());

/** The results as one process sees them. */
function open(soleProcess = false): Promise<CommandResults> {
  return CommandResults.open(temporary.documents, { now: () => time, keepMs, soleProcess });
}

async function claimed(results: CommandResults) {
  const claim = await results.claim('ada', 'key', question);
  if (claim.outcome !== 'mine') throw new Error(`the claim came to ${claim.outcome}`);
  return claim;
}

describe('given an attempt of this process that is under way', () => {
  it('when the same comes again, then it is in progress, for half a minute', async () => {
    const results = await open(true);
    const first = await claimed(results);
    expect(first.resumption.resumedSince).toBeNull();
    time += 29_999;
    expect(await results.claim('ada', 'key', question)).toEqual({ outcome: 'in-progress' });
    time += 1;
    const second = await claimed(results);
    expect(second.resumption.commandId).toBe(first.resumption.commandId);
    expect(second.resumption.resumedSince).toBeLessThan(time - 30_000);
  });

  it('when another question or another caller comes, then they are told apart', async () => {
    const results = await open();
    await claimed(results);
    expect(await results.claim('ada', 'key', { ...question, text: 'another' })).toEqual({ outcome: 'other-question' });
    expect(await results.claim('bob', 'key', question)).toMatchObject({ outcome: 'mine' });
    expect(await results.claim('ada', 'other key', question)).toMatchObject({ outcome: 'mine' });
  });

  it('when it ends without an answer, then the next takes over at once, under the same command id', async () => {
    const results = await open();
    const first = await claimed(results);
    await results.release(first.id);
    expect((await claimed(results)).resumption.commandId).toBe(first.resumption.commandId);
  });

  it('when it has its answer, then that is given', async () => {
    const results = await open();
    const { id } = await claimed(results);
    await results.keep(id, { status: 201, body: { a: 1 } });
    expect(await results.claim('ada', 'key', question)).toEqual({
      outcome: 'answered',
      answer: { status: 201, body: { a: 1 } },
    });
  });
});

describe('given what is kept of a question', () => {
  const fingerprints = async () => {
    const collection = await temporary.documents.collection<Document & { readonly fingerprint: string }>({
      name: 'command_results',
      indexes: [],
    });
    return (await collection.find({}, { limit: 10 })).map(({ fingerprint }) => fingerprint);
  };

  it('when the same is asked of two stores, then it differs, so that nobody can guess what was asked', async () => {
    await claimed(await open());
    const [one] = await fingerprints();
    temporary.close();
    temporary = openTemporaryStore();
    await claimed(await open());
    expect(await fingerprints()).not.toContain(one);
  });

  it('when two processes open a new store at once, then they agree on it', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const { id } = await claimed(one);
    await one.keep(id, { status: 200, body: null });
    expect(await two.claim('ada', 'key', question)).toMatchObject({ outcome: 'answered' });
  });

  it('when its secret is another one, then it is another question', async () => {
    const results = await open();
    await claimed(results);
    expect(await results.claim('ada', 'key', { ...question, secret: 'other' })).toEqual({ outcome: 'other-question' });
    expect(await results.claim('ada', 'key', { ...question, secret: null })).toEqual({ outcome: 'other-question' });
  });
});

describe('given an attempt of another process', () => {
  it('when nobody else can be about, then it was cut off, and is taken over at once', async () => {
    const first = await claimed(await open(true));
    expect((await claimed(await open(true))).resumption).toEqual({
      commandId: first.resumption.commandId,
      resumedSince: expect.any(Number),
      heldSince: time,
    });
  });

  it('when others may be about, then it is in progress until its time is over', async () => {
    await claimed(await open());
    const other = await open();
    expect(await other.claim('ada', 'key', question)).toEqual({ outcome: 'in-progress' });
    time += 30_000;
    expect(await other.claim('ada', 'key', question)).toMatchObject({ outcome: 'mine' });
  });

  it('when two want to take it over, then one does', async () => {
    await claimed(await open());
    time += 30_000;
    const [one, two] = [await open(), await open()];
    const claims = await Promise.all([one, two].map((results) => results.claim('ada', 'key', question)));
    expect(claims.map(({ outcome }) => outcome).sort()).toEqual(['in-progress', 'mine']);
  });

  it('when it answers after it was taken over, then its answer is not kept', async () => {
    const slow = await open();
    const { id } = await claimed(slow);
    time += 30_000;
    const fast = await open();
    await claimed(fast);
    await slow.keep(id, { status: 200, body: 'late' });
    await slow.release(id);
    expect(await fast.claim('ada', 'key', question)).toEqual({ outcome: 'in-progress' });
    await fast.keep(id, { status: 200, body: 'fast' });
    expect(await slow.claim('ada', 'key', question)).toMatchObject({ outcome: 'answered', answer: { body: 'fast' } });
  });
});

describe('given an answer that has been kept long enough', () => {
  it('when the key comes again, then it is a new command, and the sweep takes old ones away', async () => {
    const results = await open();
    const first = await claimed(results);
    await results.keep(first.id, { status: 200, body: null });
    time += keepMs;
    expect((await claimed(results)).resumption).toEqual({
      commandId: expect.any(String),
      resumedSince: null,
      heldSince: time,
    });
    expect(await results.sweep()).toBe(0);
    time += keepMs;
    expect(await results.sweep()).toBe(1);
  });
});
