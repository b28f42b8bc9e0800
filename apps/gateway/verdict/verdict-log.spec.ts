import { describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/platform';
import type { VerifiedToken } from '#libs/tokens';
import { verdictLog } from './verdict-log.js';

const token: VerifiedToken = {
  use: 'access',
  userId: 'a"b\\c',
  app: 'main',
  version: 1,
  appVersion: 0,
  sid: 's1',
  issuedAt: 0,
  expiresAt: 1_000,
  claims: {},
};

function given(level: 'info' | 'warn') {
  let written = '';
  const destination = {
    write(text: string) {
      written += text;
    },
  };
  const logger = createLogger({ LOG_LEVEL: level, LOG_FORMAT: 'json' }, destination);
  return { log: verdictLog(logger), logger, written: () => written };
}

describe('given the log of verdicts', () => {
  it('when a verdict is added, then its line has the form of every other line', () => {
    const { log, logger, written } = given('info');
    log.add({ outcome: 'granted', token }, { method: 'GET', url: '/a"\\\u0000b?c=d' });
    log.flush();
    const { time, ...line } = JSON.parse(written());
    expect(line).toEqual({
      level: 30,
      granted: true,
      reason: 'valid',
      subject: 'a"b\\c',
      method: 'GET',
      path: '/a"\\\u0000b',
      msg: 'verdict',
    });
    expect(Math.abs(time - Date.now())).toBeLessThan(10_000);
    logger.info('other');
    const other = JSON.parse(written().split('\n')[1] ?? '');
    expect(Object.keys(other)).toEqual(['level', 'time', 'msg']);
    expect(other.level).toBe(line.level);
  });

  it('when a token is not good, then nobody is named', () => {
    const { log, written } = given('info');
    log.add({ outcome: 'refused', reason: 'expired' }, { method: 'GET', url: '/' });
    log.add({ outcome: 'none', reason: 'set-unavailable' }, { method: 'GET', url: '/' });
    log.add({ outcome: 'refused', reason: 'revoked', token }, { method: 'GET', url: '/' });
    log.flush();
    const lines = written().trim().split('\n');
    expect(
      lines.map((line) => JSON.parse(line)).map(({ granted, reason, subject }) => [granted, reason, subject]),
    ).toEqual([
      [false, 'expired', null],
      [false, 'set-unavailable', null],
      [false, 'revoked', token.userId],
    ]);
  });

  it('when a path is very long, then the line is not', () => {
    const { log, written } = given('info');
    log.add({ outcome: 'granted', token }, { method: 'GET', url: `/${'x'.repeat(100_000)}` });
    log.flush();
    expect(written().length).toBeLessThan(1_000);
  });

  it('when the level is above info, then nothing is written', () => {
    const { log, written } = given('warn');
    log.add({ outcome: 'granted', token }, { method: 'GET', url: '/' });
    log.flush();
    expect(written()).toBe('');
  });
});
