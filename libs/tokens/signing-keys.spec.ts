import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { StoreUnavailable } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { SigningKeyUnusable } from './loaded-key.js';
import { makeSigningKey, signingKeysSpec } from './signing-key-document.js';
import { SigningKeys, type SigningKeysSettings } from './signing-keys.js';
import { TokenIssuer } from './token-issuer.js';
import { createTokenVerifier } from './token-verifier.js';
import type { Verification } from './verified-token.js';

const hour = 3_600_000;
const refreshLifeMs = 10 * hour;
const skewMs = 30_000;
const reloadMs = 5_000;

let folder: string;
let database: ReturnType<typeof openSqlite>;
let documents: SqliteDocuments;
let time: number;
const now = () => time;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  documents = new SqliteDocuments(database);
  time = Date.UTC(2025, 0, 1);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** One process' view of the keys: each call is a process of its own. */
async function open(settings: Partial<SigningKeysSettings> = {}): Promise<SigningKeys> {
  return SigningKeys.open(documents, {
    algorithm: 'ES256',
    publishAheadMs: 0,
    longestTokenLifeMs: refreshLifeMs,
    skewMs,
    reloadMs,
    now,
    ...settings,
  });
}

async function kids(keys: SigningKeys): Promise<string[]> {
  return (await keys.jwks()).keys.map((key) => key.kid);
}

async function issue(keys: SigningKeys): Promise<string> {
  const issuer = new TokenIssuer({
    keys,
    issuer: 'i',
    audience: 'a',
    accessTtlMs: hour,
    refreshTtlMs: refreshLifeMs,
    now,
    newId: () => 'j',
  });
  const identity = { id: 'i', providerType: 't', providerId: 'p' };
  const ids = { app: 'a', userId: 'u', sid: 's', deviceId: 'd', domainId: 'o' };
  return (await issuer.issueRefresh({ ...ids, version: 1, appVersion: 0, identity, userData: {} })).token;
}

async function verify(keys: SigningKeys, token: string): Promise<Verification> {
  return createTokenVerifier({ keys, issuer: 'i', audience: 'a', skewMs, now }).verify(token, 'refresh');
}

describe('given no key', () => {
  it('when a process starts, then it makes one, which is there at the next start', async () => {
    const [kid] = await kids(await open());
    expect(kid).toMatch(/^[\w-]{43}$/);
    expect(await kids(await open())).toEqual([kid]);
  });

  it('when processes start at once, then they agree on one', async () => {
    const started = await Promise.all([open(), open(), open(), open()]);
    const sets = await Promise.all(started.map(kids));
    expect(sets[0]).toHaveLength(1);
    expect(new Set(sets.flat()).size).toBe(1);
    const signers = await Promise.all(started.map((keys) => keys.signer()));
    expect(new Set(signers.map((signer) => signer.kid)).size).toBe(1);
  });

  it('when a process starts with a clock that is behind, then it signs all the same', async () => {
    await open();
    time -= hour;
    expect(await verify(await open(), await issue(await open()))).toMatchObject({ ok: true });
  });
});

describe.each([
  ['ES256', ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  ['RS256', ['alg', 'e', 'kid', 'kty', 'n', 'use']],
  ['EdDSA', ['alg', 'crv', 'kid', 'kty', 'use', 'x']],
] as const)('given a key for %s', (algorithm, members) => {
  it('when the keys are published, then nothing private is among them', async () => {
    const [published = {}] = (await (await open({ algorithm })).jwks()).keys;
    expect(Object.keys(published).sort()).toEqual(members);
    expect(published).toMatchObject({ use: 'sig', alg: algorithm });
  });

  it('when it is looked at, then its private part does not show and cannot be exported', async () => {
    const keys = await open({ algorithm });
    const stored = await (await documents.collection(signingKeysSpec)).findOne({});
    const secret = String(stored?.privateJwk.d);
    expect(secret.length).toBeGreaterThan(40);
    expect((await keys.signer()).privateKey.extractable).toBe(false);
    const seen = [keys, await keys.signer(), await keys.list()].map((it) =>
      inspect(it, { depth: 9, showHidden: true }),
    );
    expect([...seen, JSON.stringify([keys, await keys.list()])].join()).not.toContain(secret);
  });

  it('when the stored private key is another one, then it is refused before it signs', async () => {
    await open({ algorithm });
    const collection = await documents.collection(signingKeysSpec);
    const other = await makeSigningKey({ generation: 9, algorithm, createdAt: 0, signsFrom: 0, longestLifeMs: 0 });
    await collection.updateOne({}, { $set: { privateJwk: other.privateJwk } });
    await expect(open({ algorithm })).rejects.toBeInstanceOf(SigningKeyUnusable);
  });

  it('when the stored private key is damaged, then the error names the key and holds nothing of it', async () => {
    await open({ algorithm });
    const collection = await documents.collection(signingKeysSpec);
    const stored = await collection.findOne({});
    const damaged = { ...stored?.publicJwk, d: `!${String(stored?.privateJwk.d).slice(9)}` };
    await collection.updateOne({}, { $set: { privateJwk: damaged } });
    const error = await open({ algorithm }).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SigningKeyUnusable);
    expect(error).toMatchObject({ code: 'signing-key-unusable', kid: stored?.kid });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(damaged.d.slice(1));
  });
});

describe('given a rotation that publishes an hour ahead', () => {
  it('when the hour passes, then the new key signs, and the tokens of both verify until the last old one has expired', async () => {
    const keys = await open({ publishAheadMs: hour });
    const [oldKid = ''] = await kids(keys);
    const early = await issue(keys);
    const { kid: newKid, signsFrom } = await keys.rotate();
    expect(signsFrom).toBe(time + hour);
    expect(new Set(await kids(keys))).toEqual(new Set([oldKid, newKid]));

    time += hour - 1;
    const last = await issue(keys);
    expect(decodeProtectedHeader(last).kid).toBe(oldKid);
    time += 1;
    const first = await issue(keys);
    expect(decodeProtectedHeader(first).kid).toBe(newKid);
    for (const token of [early, last, first]) expect(await verify(keys, token)).toMatchObject({ ok: true });

    time += refreshLifeMs - 1000;
    expect(await keys.sweep()).toBe(0);
    for (const token of [last, first]) expect(await verify(keys, token)).toMatchObject({ ok: true });

    time += 1000 + skewMs + reloadMs - 1;
    expect(await keys.sweep()).toBe(0);
    expect(await kids(keys)).toContain(oldKid);
    time += 1;
    expect(await keys.sweep()).toBe(1);
    expect(await kids(keys)).toEqual([newKid]);
    expect(await keys.find(oldKid)).toBeNull();
    expect(await verify(keys, last)).toEqual({ ok: false, reason: 'unknown-key' });
    expect(await keys.sweep()).toBe(0);
  });

  it('when its time is over but nobody sweeps, then the old key is gone all the same', async () => {
    const keys = await open();
    const old = await issue(keys);
    const { kid } = await keys.rotate();
    time += refreshLifeMs + skewMs + reloadMs;
    expect(await kids(keys)).toEqual([kid]);
    expect(await verify(keys, old)).toEqual({ ok: false, reason: 'unknown-key' });
  });
});

describe('given tokens that were issued for longer', () => {
  it('when the life is lowered and the key rotated, then they verify until they expire', async () => {
    const long = await issue(await open({ longestTokenLifeMs: refreshLifeMs }));
    const keys = await open({ longestTokenLifeMs: hour });
    await keys.rotate();
    time += refreshLifeMs - 1000;
    expect(await keys.sweep()).toBe(0);
    expect(await verify(keys, long)).toMatchObject({ ok: true });
  });

  it('when the life is raised, then the key that is there waits for the longer ones', async () => {
    await open({ longestTokenLifeMs: hour });
    const keys = await open({ longestTokenLifeMs: refreshLifeMs });
    const long = await issue(keys);
    await keys.rotate();
    time += refreshLifeMs - 1000;
    expect(await keys.sweep()).toBe(0);
    expect(await verify(keys, long)).toMatchObject({ ok: true });
  });
});

describe('given another algorithm in the settings', () => {
  it('when a process starts, then it rotates once, and the old tokens verify', async () => {
    const old = await issue(await open());
    const [keys, other] = await Promise.all([open({ algorithm: 'EdDSA' }), open({ algorithm: 'EdDSA' })]);
    expect((await keys.jwks()).keys.map((key) => key.alg).sort()).toEqual(['ES256', 'EdDSA']);
    expect(await kids(other)).toEqual(await kids(keys));
    const token = await issue(keys);
    expect(decodeProtectedHeader(token).alg).toBe('EdDSA');
    for (const each of [old, token]) expect(await verify(other, each)).toMatchObject({ ok: true });
    expect(await kids(await open({ algorithm: 'EdDSA' }))).toEqual(await kids(keys));
  });

  it('when the new key is published ahead, then the old algorithm signs until then', async () => {
    await open();
    const keys = await open({ algorithm: 'RS256', publishAheadMs: hour });
    expect((await keys.signer()).algorithm).toBe('ES256');
    time += hour;
    expect((await keys.signer()).algorithm).toBe('RS256');
  });
});

describe('given two processes', () => {
  it('when both rotate at once, then one key is made', async () => {
    const [one, other] = [await open(), await open()];
    const [a, b] = await Promise.all([one.rotate(), other.rotate()]);
    expect(a.kid).toBe(b.kid);
    expect(await kids(one)).toHaveLength(2);
  });

  it('when one has rotated, then the other verifies with the new key at once and signs with it soon', async () => {
    const [one, other] = [await open(), await open()];
    time += 200;
    const { kid } = await one.rotate();
    const token = await issue(one);
    expect(await verify(other, token)).toMatchObject({ ok: true });
    time += reloadMs;
    expect((await other.signer()).kid).toBe(kid);
  });

  it('when one removes a key, then it is gone elsewhere as soon as that looks again', async () => {
    const [one, other] = [await open(), await open()];
    const token = await issue(one);
    const kid = String(decodeProtectedHeader(token).kid);
    let told = 0;
    other.onRemoved(() => {
      told += 1;
    });
    expect(await one.remove(kid)).toBe(true);
    time += reloadMs;
    expect(await verify(other, token)).toEqual({ ok: false, reason: 'unknown-key' });
    expect(told).toBe(1);
  });
});

describe('given a key that has leaked', () => {
  it('when it is removed, then its tokens are dead and a new key signs at once', async () => {
    const keys = await open({ publishAheadMs: hour });
    const token = await issue(keys);
    const kid = String(decodeProtectedHeader(token).kid);
    let told = 0;
    const stop = keys.onRemoved(() => {
      told += 1;
    });
    expect(await keys.remove(kid)).toBe(true);
    expect(told).toBe(1);
    expect(await verify(keys, token)).toEqual({ ok: false, reason: 'unknown-key' });
    expect(await verify(keys, await issue(keys))).toMatchObject({ ok: true });
    expect(await keys.remove(kid)).toBe(false);
    stop();
    const [next = ''] = await kids(keys);
    await keys.remove(next);
    expect(told).toBe(1);
  });

  it('when it is removed while its successor is only published, then neither it nor an older one signs', async () => {
    const keys = await open({ publishAheadMs: hour });
    const [first = ''] = await kids(keys);
    await keys.rotate();
    time += hour;
    const second = (await keys.signer()).kid;
    const third = (await keys.rotate()).kid;
    await keys.remove(second);
    const signing = (await keys.signer()).kid;
    expect([first, second, third]).not.toContain(signing);
    time += hour;
    expect((await keys.signer()).kid).toBe(third);
  });

  it('when the newest key is removed before it signs, then its name is not used again', async () => {
    const keys = await open({ publishAheadMs: hour });
    const { kid } = await keys.rotate();
    await keys.remove(kid);
    time += hour;
    expect((await keys.signer()).kid).not.toBe(kid);
    expect(await kids(keys)).not.toContain(kid);
  });
});

describe('given a store that is away', () => {
  it('when a known key is asked for, then it is there, and of an unknown one nothing is said', async () => {
    const keys = await open();
    const [kid = ''] = await kids(keys);
    database.close();
    time += hour;
    expect(await keys.find(kid)).toMatchObject({ kid });
    await expect(keys.find('other')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(keys.signer()).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
