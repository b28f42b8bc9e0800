import { describe, expect, it } from '@jest/globals';
import { type LookUp, RevocationsUnavailable, type Subject } from '#libs/revocations';
import type { VerifiedToken } from '#libs/tokens';
import { type Standing, Standings } from './standings.js';

const tokenOf = (userId: string, more: Partial<VerifiedToken> = {}): VerifiedToken => ({
  use: 'access',
  userId,
  app: 'main',
  version: 1,
  appVersion: 0,
  sid: 's1',
  issuedAt: 0,
  expiresAt: 1_000,
  claims: {},
  ...more,
});

const nothingHeld = (subjects: readonly Subject[]): LookUp => ({ generation: 'g', entries: subjects.map(() => null) });

/** Standings on a set whose answers the test gives when it wants to. */
function given(answerWithinMs = 10_000) {
  const lookUps: { readonly subjects: readonly Subject[]; readonly answer: (lookUp: LookUp) => void }[] = [];
  const errors: unknown[] = [];
  const standings = new Standings({
    revocations: {
      lookUp: (subjects) => new Promise((answer) => lookUps.push({ subjects, answer })),
    },
    answerWithinMs,
    onError: (error) => errors.push(error),
  });
  const ask = (token: VerifiedToken) => new Promise<Standing>((resolve) => standings.of(token, resolve));
  return { standings, lookUps, errors, ask };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('given tokens that are asked for in one turn of the event loop', () => {
  it('when the turn ends, then they travel in one look-up, each app once', async () => {
    const { ask, lookUps } = given();
    const asked = [ask(tokenOf('ada')), ask(tokenOf('bob')), ask(tokenOf('eve', { app: 'other' }))];
    await nextTurn();
    expect(lookUps.map(({ subjects }) => subjects)).toEqual([
      [
        { app: 'main', userId: 'ada' },
        { app: 'main', userId: 'bob' },
        { app: 'other', userId: 'eve' },
        { app: 'main', userId: null },
        { app: 'other', userId: null },
      ],
    ]);
    const raised = { watermark: 2, at: 1, deadSessions: new Set<string>() };
    lookUps[0]?.answer({ generation: 'g', entries: [null, raised, null, null, null] });
    expect(await Promise.all(asked)).toEqual(['alive', 'revoked', 'alive']);
  });

  it('when one of those who asked fails, then the others have their answer', async () => {
    const { ask, standings, lookUps, errors } = given();
    const failure = new Error('the client is gone');
    standings.of(tokenOf('ada'), () => {
      throw failure;
    });
    const other = ask(tokenOf('bob'));
    await nextTurn();
    for (const { subjects, answer } of lookUps) answer(nothingHeld(subjects));
    expect(await other).toBe('alive');
    expect(errors).toEqual([failure]);
  });
});

describe('given a look-up that is under way', () => {
  it('when the same token comes again, then it is not answered from it: another begins', async () => {
    const { ask, lookUps } = given();
    const first = ask(tokenOf('ada'));
    await nextTurn();
    const second = ask(tokenOf('ada'));
    lookUps[0]?.answer(nothingHeld(lookUps[0].subjects));
    expect(await first).toBe('alive');
    await nextTurn();
    expect(lookUps).toHaveLength(2);
    lookUps[1]?.answer({ generation: 'g', entries: [{ watermark: 2, at: 1, deadSessions: new Set() }, null] });
    expect(await second).toBe('revoked');
  });

  it('when it takes too long, then there is no verdict, and a late answer changes nothing', async () => {
    const { ask, lookUps } = given(5);
    const answers: Standing[] = [];
    const asked = ask(tokenOf('ada')).then((standing) => answers.push(standing));
    await asked;
    lookUps[0]?.answer(nothingHeld(lookUps[0].subjects));
    await nextTurn();
    expect(answers).toEqual(['set-too-slow']);
  });
});

describe('given a set that does not say enough', () => {
  it.each([
    ['has no generation', { generation: null, entries: [null, null] }],
    ['leaves the app out', { generation: 'g', entries: [null] }],
    ['is empty', { generation: 'g', entries: [] }],
  ])('when its answer %s, then there is no verdict', async (_name, lookUp) => {
    const { ask, lookUps } = given();
    const asked = ask(tokenOf('ada'));
    await nextTurn();
    lookUps[0]?.answer(lookUp);
    expect(await asked).toBe('set-not-whole');
  });

  it.each([
    ['cannot be asked', new RevocationsUnavailable('down'), 0],
    ['fails in a way nobody thought of', new TypeError('surprise'), 1],
  ])('when it %s, then there is no verdict', async (_name, error, told) => {
    const errors: unknown[] = [];
    const standings = new Standings({
      revocations: { lookUp: () => Promise.reject(error) },
      answerWithinMs: 1_000,
      onError: (one) => errors.push(one),
    });
    expect(await new Promise((resolve) => standings.of(tokenOf('ada'), resolve))).toBe('set-unavailable');
    expect(errors).toHaveLength(told);
  });

  it('when it throws before it promises anything, then there is no verdict', async () => {
    const standings = new Standings({
      revocations: {
        lookUp() {
          throw new RevocationsUnavailable('down');
        },
      },
      answerWithinMs: 1_000,
      onError: () => undefined,
    });
    expect(await new Promise((resolve) => standings.of(tokenOf('ada'), resolve))).toBe('set-unavailable');
  });
});
