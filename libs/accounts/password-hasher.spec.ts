import { describe, expect, it } from '@jest/globals';
import { HasherBusy } from './errors.js';
import { PasswordHasher } from './password-hasher.js';

const cheap = { memoryKib: 8, passes: 1 };

describe('given the default parameters', () => {
  it('when a password is hashed, then it is argon2id with what OWASP asks for, and a salt of its own', async () => {
    const hasher = await PasswordHasher.create();
    const [one, other] = await Promise.all([hasher.hash('secret'), hasher.hash('secret')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
    expect(hasher.isOutdated(one)).toBe(false);
    expect(await hasher.verify(one, 'secret')).toBe(true);
    expect(await hasher.verify(one, 'secret ')).toBe(false);
    expect(await hasher.verify(other, 'secret')).toBe(true);
  });

  it('when nobody is checked, then it takes about as long as somebody', async () => {
    const hasher = await PasswordHasher.create();
    const hash = await hasher.hash('secret');
    const took = async (act: () => Promise<boolean>): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 9; i += 1) {
        const startedAt = performance.now();
        expect(await act()).toBe(false);
        times.push(performance.now() - startedAt);
      }
      return Math.min(...times);
    };
    const ratio = (await took(() => hasher.verifyNobody('wrong'))) / (await took(() => hasher.verify(hash, 'wrong')));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});

describe('given other parameters than before', () => {
  it.each([
    ['more memory', { memoryKib: 16, passes: 1 }],
    ['more passes', { memoryKib: 8, passes: 2 }],
    ['more lanes', { memoryKib: 16, passes: 1, lanes: 2 }],
  ])('when it is %s, then the old hash is outdated, and verifies', async (_case, settings) => {
    const old = await (await PasswordHasher.create(cheap)).hash('secret');
    const hasher = await PasswordHasher.create(settings);
    expect(hasher.isOutdated(old)).toBe(true);
    expect(await hasher.verify(old, 'secret')).toBe(true);
  });
});

describe('given a flood', () => {
  it('when more wait than may, then they are turned away at once, and the others are served', async () => {
    const hasher = await PasswordHasher.create({ ...cheap, concurrent: 2, mostWaiting: 3 });
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => hasher.hash(`password ${i}`)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5);
    const [turnedAway] = results.filter((result) => result.status === 'rejected');
    expect(turnedAway?.reason).toBeInstanceOf(HasherBusy);
    expect(await hasher.verify(await hasher.hash('again'), 'again')).toBe(true);
  });

  it('when a hash cannot be read, then its turn is given back', async () => {
    const hasher = await PasswordHasher.create({ ...cheap, concurrent: 1, mostWaiting: 1 });
    for (let i = 0; i < 3; i += 1) await expect(hasher.verify('no hash', 'secret')).rejects.toThrow();
    expect(await hasher.hash('secret')).toMatch(/^\$argon2id/);
  });
});
