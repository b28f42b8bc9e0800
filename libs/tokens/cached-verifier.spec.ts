import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { type CachedVerifier, cachedVerifier } from './cached-verifier.js';
import { SigningKeys } from './signing-keys.js';
import { TokenIssuer } from './token-issuer.js';
import { createTokenVerifier } from './token-verifier.js';
import type { TokenVerifier } from './verified-token.js';

let folder: string;
let database: ReturnType<typeof openSqlite>;
let time: number;
let keys: SigningKeys;
let issuer: TokenIssuer;
let verifier: TokenVerifier;
const now = () => time;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  time = Date.UTC(2025, 0, 1);
  const common = { issuer: 'i', audience: 'a', now, skewMs: 5_000 };
  keys = await SigningKeys.open(new SqliteDocuments(database), {
    ...common,
    algorithm: 'ES256',
    publishAheadMs: 0,
    longestTokenLifeMs: 3_600_000,
  });
  let count = 0;
  issuer = new TokenIssuer({
    ...common,
    keys,
    accessTtlMs: 60_000,
    refreshTtlMs: 60_000,
    newId: () => String(++count),
  });
  verifier = createTokenVerifier({ ...common, keys });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function grantOf(userId: string) {
  const identity = { id: 'i', providerType: 't', providerId: 'p' };
  return {
    app: 'a',
    userId,
    sid: 's',
    version: 1,
    appVersion: 0,
    deviceId: 'd',
    domainId: 'o',
    identity,
    userData: {},
  };
}

async function access(userId = 'u'): Promise<string> {
  return (await issuer.issueAccess(grantOf(userId))).token;
}

function cached(maxEntries?: number): CachedVerifier {
  return cachedVerifier({ verifier, keys, now, ...(maxEntries === undefined ? {} : { maxEntries }) });
}

describe('given a cached verifier', () => {
  it('when a token was found good, then it is remembered until it expires', async () => {
    const cache = cached();
    const token = await access();
    expect(cache.peek(token, time)).toBeNull();
    const verification = await cache.verify(token, 'access');
    expect(verification).toEqual({ ok: true, token: cache.peek(token, time) });
    expect(cache.peek(token, time + 59_999)).not.toBeNull();
    expect(cache.peek(token, time + 60_000)).toBeNull();
    time += 65_000;
    expect(await cache.verify(token, 'access')).toEqual({ ok: false, reason: 'expired' });
  });

  it('when a token is verified again, then the keys are not needed', async () => {
    const cache = cached();
    const token = await access();
    await cache.verify(token, 'access');
    database.close();
    expect(await cache.verify(token, 'access')).toMatchObject({ ok: true });
  });

  it('when a token was refused, then nothing is remembered', async () => {
    const cache = cached();
    const token = `${await access()}A`;
    expect(await cache.verify(token, 'access')).toMatchObject({ ok: false });
    expect(cache.peek(token, time)).toBeNull();
    expect(cache.size).toBe(0);
  });

  it('when another token ends in the same way, then it is not taken for the first', async () => {
    const cache = cached();
    const token = await access();
    await cache.verify(token, 'access');
    const forged = `x${token.slice(1)}`;
    expect(cache.peek(forged, time)).toBeNull();
    expect(await cache.verify(forged, 'access')).toMatchObject({ ok: false });
    expect(cache.peek(token.slice(-24), time)).toBeNull();
    expect(cache.peek(token, time)).not.toBeNull();
  });

  it('when a refresh token is verified, then it is not remembered, and no access token becomes one', async () => {
    const cache = cached();
    const refresh = (await issuer.issueRefresh(grantOf('u'))).token;
    expect(await cache.verify(refresh, 'refresh')).toMatchObject({ ok: true });
    expect(cache.peek(refresh, time)).toBeNull();
    const token = await access();
    await cache.verify(token, 'access');
    expect(await cache.verify(token, 'refresh')).toEqual({ ok: false, reason: 'wrong-type' });
  });

  it('when it is full, then what was not used for longest is forgotten', async () => {
    const cache = cached(2);
    const [a, b, c] = [await access('a'), await access('b'), await access('c')];
    await cache.verify(a, 'access');
    await cache.verify(b, 'access');
    cache.peek(a, time);
    await cache.verify(c, 'access');
    expect(cache.size).toBe(2);
    expect([a, b, c].map((token) => cache.peek(token, time)?.userId)).toEqual(['a', undefined, 'c']);
  });

  it('when a key is removed, then nothing that it signed is remembered', async () => {
    const cache = cached();
    const token = await access();
    await cache.verify(token, 'access');
    await keys.remove(String(decodeProtectedHeader(token).kid));
    expect(cache.peek(token, time)).toBeNull();
    expect(await cache.verify(token, 'access')).toEqual({ ok: false, reason: 'unknown-key' });
  });

  it('when a key is removed while a token of it is being verified, then that is not remembered', async () => {
    const token = await access();
    const slow: TokenVerifier = {
      async verify(text, use) {
        const verification = await verifier.verify(text, use);
        await keys.remove(String(decodeProtectedHeader(token).kid));
        return verification;
      },
    };
    const cache = cachedVerifier({ verifier: slow, keys, now });
    await cache.verify(token, 'access');
    expect(cache.peek(token, time)).toBeNull();
  });
});
