import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CompactSign, type CryptoKey, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { type Signer, SigningKeys } from './signing-keys.js';
import { TokenIssuer } from './token-issuer.js';
import { createTokenVerifier } from './token-verifier.js';
import type { TokenRejection, TokenVerifier } from './verified-token.js';

const now = Date.UTC(2025, 0, 1);
const second = now / 1000;
const skewMs = 5_000;
const settings = { issuer: 'https://id.example', audience: 'myapp', skewMs, now: () => now };
const goodClaims = {
  iss: 'https://id.example',
  aud: 'myapp',
  sub: 'user-1',
  client_id: 'myapp',
  app: 'myapp',
  sid: 'session-1',
  ver: 3,
  app_ver: 1,
  iat: second,
  exp: second + 60,
  jti: 'jti-1',
  typ: 'access',
};
type Changes = Readonly<Record<string, unknown>>;

const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
const database = openSqlite({ folder });
let keys: SigningKeys;
let signer: Signer;
let verifier: TokenVerifier;
let stranger: { privateKey: CryptoKey; publicKey: CryptoKey };
let good: string;
let refresh: string;

beforeAll(async () => {
  keys = await SigningKeys.open(new SqliteDocuments(database), {
    algorithm: 'ES256',
    publishAheadMs: 0,
    longestTokenLifeMs: 3_600_000,
    skewMs,
    now: () => now,
  });
  signer = await keys.signer();
  verifier = createTokenVerifier({ keys, ...settings });
  stranger = await generateKeyPair('ES256', { extractable: true });
  good = await signed({});
  const issuer = new TokenIssuer({
    ...settings,
    keys,
    accessTtlMs: 60_000,
    refreshTtlMs: 3_600_000,
    newId: () => 'jti-2',
  });
  const identity = { id: 'i', providerType: 'local-userpass', providerId: 'p' };
  const grant = { app: 'myapp', userId: 'user-1', sid: 'session-1', version: 3, appVersion: 1, identity, userData: {} };
  refresh = (await issuer.issueRefresh({ ...grant, deviceId: 'd', domainId: 'o' })).token;
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** A token signed by the issuer's own key, with some claims and header fields changed; `undefined` leaves one out. */
async function signed(claims: Changes, header: Changes = {}, privateKey = signer.privateKey): Promise<string> {
  return signedText(JSON.stringify({ ...goodClaims, ...claims }), header, privateKey);
}

async function signedText(payload: string, header: Changes = {}, privateKey = signer.privateKey): Promise<string> {
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'ES256', kid: signer.kid, typ: 'at+jwt', ...header })
    .sign(privateKey);
}

/** A token whose header is anything at all, with the given signature. */
function unsigned(header: Changes | string, signature = 'c2lnbmF0dXJl', claims: Changes = {}): string {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  return `${base64url(text)}.${base64url(JSON.stringify({ ...goodClaims, ...claims }))}.${signature}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function parts(token: string): [string, string, string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
}

/** The same bytes in another spelling: the last character carries bits that are not used. */
function respelled(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.slice(-1)) + 1];
}

function ownHeader(): Changes {
  return { alg: 'ES256', kid: signer.kid, typ: 'at+jwt' };
}

describe('given a token signed by the issuer', () => {
  it.each<[string, Changes, Changes]>([
    ['is plain', {}, {}],
    ['spells its type out', {}, { typ: 'application/at+jwt' }],
    ['names several audiences', { aud: ['other', 'myapp'] }, {}],
    ['carries claims of its own', { user_data: { a: [1] } }, {}],
    ['has just expired, within the skew', { exp: second - 4 }, {}],
    ['is of a clock that is ahead, within the skew', { iat: second + 5, nbf: second + 5 }, {}],
    ['is of the first version', { ver: 0, app_ver: 0 }, {}],
  ])('when it %s, then it verifies', async (_case, claims, header) => {
    expect(await verifier.verify(await signed(claims, header), 'access')).toMatchObject({ ok: true });
  });

  it.each<[string, TokenRejection, Changes]>([
    ['has no exp', 'malformed', { exp: undefined }],
    ['has exp as text', 'malformed', { exp: String(second + 60) }],
    ['has an endless exp', 'malformed', { exp: 1e300 }],
    ['has no iat', 'malformed', { iat: undefined }],
    ['has a negative iat', 'malformed', { iat: -1 }],
    ['has nbf as text', 'malformed', { nbf: 'tomorrow' }],
    ['has nbf null', 'malformed', { nbf: null }],
    ['has no sub', 'malformed', { sub: undefined }],
    ['has an empty sub', 'malformed', { sub: '' }],
    ['has a list for sub', 'malformed', { sub: ['user-1'] }],
    ['has a sub of 257 characters', 'malformed', { sub: 'x'.repeat(257) }],
    ['has no sid', 'malformed', { sid: undefined }],
    ['has a number for app', 'malformed', { app: 7 }],
    ['has no ver', 'malformed', { ver: undefined }],
    ['has ver as text', 'malformed', { ver: '3' }],
    ['has a negative ver', 'malformed', { ver: -1 }],
    ['has a broken ver', 'malformed', { ver: 3.5 }],
    ['has a ver beyond what is exact', 'malformed', { ver: 2 ** 53 }],
    ['has no app_ver', 'malformed', { app_ver: undefined }],
    ['has app_ver null', 'malformed', { app_ver: null }],
    ['has expired', 'expired', { exp: second - 5 }],
    ['has expired long ago', 'expired', { exp: 0 }],
    ['is not valid yet', 'not-yet-valid', { nbf: second + 6 }],
    ['was issued in the future', 'not-yet-valid', { iat: second + 6 }],
    ['is of another issuer', 'wrong-issuer', { iss: 'https://id.example/' }],
    ['names no issuer', 'wrong-issuer', { iss: undefined }],
    ['has a list of issuers', 'wrong-issuer', { iss: ['https://id.example'] }],
    ['is for another audience', 'wrong-audience', { aud: 'other' }],
    ['is for other audiences', 'wrong-audience', { aud: ['other', 'myapp2'] }],
    ['names no audience', 'wrong-audience', { aud: undefined }],
    ['has an object for an audience', 'wrong-audience', { aud: { 0: 'myapp' } }],
    ['has the claim typ of a refresh token', 'wrong-type', { typ: 'refresh' }],
    ['has no claim typ', 'wrong-type', { typ: undefined }],
  ])('when it %s, then it is refused: %s', async (_case, reason, claims) => {
    expect(await verifier.verify(await signed(claims), 'access')).toEqual({ ok: false, reason });
  });

  it.each<[string, TokenRejection, Changes]>([
    ['has no header typ', 'wrong-type', { typ: undefined }],
    ['is any JWT', 'wrong-type', { typ: 'JWT' }],
    ['is a refresh token', 'wrong-type', { typ: 'rt+jwt' }],
    ['has a kid that is not known', 'unknown-key', { kid: 'other' }],
    ['has no kid', 'unknown-key', { kid: undefined }],
    ['has a number for kid', 'unknown-key', { kid: 1 }],
    ['has a path for kid', 'unknown-key', { kid: '../../../../dev/null' }],
    ['has a quote in kid', 'unknown-key', { kid: `' OR '1'='1` }],
    ['has an operator for kid', 'unknown-key', { kid: { $ne: null } }],
    ['has __proto__ for kid', 'unknown-key', { kid: '__proto__' }],
    ['has constructor for kid', 'unknown-key', { kid: 'constructor' }],
    ['has a NUL in kid', 'unknown-key', { kid: '\u0000' }],
  ])('when it %s, then it is refused: %s', async (_case, reason, header) => {
    expect(await verifier.verify(await signed({}, header), 'access')).toEqual({ ok: false, reason });
  });

  it.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"claims"'],
    ['no JSON', '{'],
    ['empty', ''],
  ])('when its payload is %s, then it is malformed', async (_case, payload) => {
    expect(await verifier.verify(await signedText(payload), 'access')).toEqual({ ok: false, reason: 'malformed' });
  });
});

describe('given a token that the issuer did not sign', () => {
  it.each<[string, TokenRejection, () => string | Promise<string>]>([
    ['alg none without signature', 'malformed', () => unsigned({ ...ownHeader(), alg: 'none' }, '')],
    ['alg none', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: 'none' })],
    ['alg nOnE', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: 'nOnE' })],
    ['no alg', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: undefined })],
    ['alg __proto__', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: '__proto__' })],
    ['a list for alg', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: ['ES256'] })],
    ['HS256 keyed with the public key', 'algorithm-not-allowed', () => signedWithPublicKey()],
    ['the algorithm of another kind of key', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: 'RS256' })],
    ['EdDSA for an ES256 key', 'algorithm-not-allowed', () => unsigned({ ...ownHeader(), alg: 'EdDSA' })],
    ['the signature of a stranger', 'bad-signature', () => signed({}, {}, stranger.privateKey)],
    ['its own key in the header', 'bad-signature', () => withOwnKey(signer.kid)],
    ['its own key in the header, named by itself', 'unknown-key', () => withOwnKey('mine')],
    ['a place to fetch its key from', 'bad-signature', () => withKeyUrls()],
    ['a signature of zeros', 'bad-signature', () => unsigned(ownHeader(), Buffer.alloc(64).toString('base64url'))],
    ['half a signature', 'bad-signature', () => unsigned(ownHeader(), parts(good)[2].slice(0, 43).replace(/.$/, 'A'))],
    ['a signature of one byte', 'bad-signature', () => unsigned(ownHeader(), 'AA')],
    ['the payload of another', 'bad-signature', () => unsigned(ownHeader(), parts(good)[2], { ver: 4 })],
    ['an extension that is critical', 'malformed', () => unsigned({ ...ownHeader(), crit: ['b64'], b64: false })],
    ['no critical extensions', 'malformed', () => unsigned({ ...ownHeader(), crit: [] })],
    ['a header of null', 'malformed', () => unsigned('null')],
    ['a header that is a list', 'malformed', () => unsigned('[]')],
    ['a header that is no JSON', 'malformed', () => unsigned('{"alg":')],
    ['a header that is no UTF-8', 'malformed', () => `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.e30.AA`],
    ['two parts', 'malformed', () => parts(good).slice(0, 2).join('.')],
    ['four parts', 'malformed', () => `${good}.AA`],
    ['five parts, as an encrypted one', 'malformed', () => 'a.b.c.d.e'],
    ['no header', 'malformed', () => `.${parts(good)[1]}.${parts(good)[2]}`],
    ['no payload', 'malformed', () => `${parts(good)[0]}..${parts(good)[2]}`],
    ['nothing at all', 'malformed', () => ''],
    ['dots alone', 'malformed', () => '..'],
    [
      'a signature in another spelling',
      'malformed',
      () => `${good.slice(0, good.lastIndexOf('.') + 1)}${respelled(parts(good)[2])}`,
    ],
    ['padding', 'malformed', () => `${good}==`],
    ['a space after it', 'malformed', () => `${good} `],
    ['a line break in it', 'malformed', () => good.replace('.', '.\n')],
    ['letters of no alphabet', 'malformed', () => `é${good}`],
    ['100 kB', 'oversized', () => unsigned(ownHeader(), 'A'.repeat(100_000))],
    ['8 KiB and a byte', 'oversized', () => good.padEnd(8 * 1024 + 1, 'A')],
  ])('when it has %s, then it is refused: %s', async (_case, reason, make) => {
    expect(await verifier.verify(await make(), 'access')).toEqual({ ok: false, reason });
  });

  async function signedWithPublicKey(): Promise<string> {
    const found = await keys.find(signer.kid);
    const secret = found === null ? '' : await exportSPKI(found.key);
    const text = unsigned({ ...ownHeader(), alg: 'HS256' });
    const input = text.slice(0, text.lastIndexOf('.'));
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  }

  async function withOwnKey(kid: string): Promise<string> {
    return signed({}, { kid, jwk: await exportJWK(stranger.publicKey) }, stranger.privateKey);
  }

  async function withKeyUrls(): Promise<string> {
    return signed({}, { jku: 'http://127.0.0.1:9/jwks', x5u: 'http://127.0.0.1:9/x5u' }, stranger.privateKey);
  }
});

describe('given a refresh token', () => {
  it('when it comes in place of an access token, then it is of the wrong type', async () => {
    expect(await verifier.verify(refresh, 'refresh')).toMatchObject({ ok: true });
    expect(await verifier.verify(refresh, 'access')).toEqual({ ok: false, reason: 'wrong-type' });
  });

  it('when an access token comes in its place, then that is of the wrong type', async () => {
    expect(await verifier.verify(good, 'refresh')).toEqual({ ok: false, reason: 'wrong-type' });
  });
});

describe('given any bytes', () => {
  it('when characters of a good token are changed, added or left out, then it never says something else', async () => {
    const expected = await verifier.verify(good, 'access');
    const mutation = fc.record({
      at: fc.nat(good.length),
      removed: fc.nat(3),
      added: fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.stringMatching(/^[\w.-]{0,4}$/),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const mutated = mutations.reduce(
          (text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed),
          good,
        );
        const verification = await verifier.verify(mutated, 'access');
        if (verification.ok) expect(verification).toEqual(expected);
        else expect(mutated).not.toBe(good);
      }),
      { numRuns: 1000 },
    );
  });

  it('when bits of its decoded parts are flipped, then it never says something else', async () => {
    const decoded = parts(good).map((part) => Buffer.from(part, 'base64url'));
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, position, flip) => {
        const changed = decoded.map((bytes) => Buffer.from(bytes));
        const bytes = changed[part] ?? Buffer.alloc(1);
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const token = changed.map((one) => one.toString('base64url')).join('.');
        expect(await verifier.verify(token, 'access')).toMatchObject({ ok: false });
      }),
      { numRuns: 500 },
    );
  });

  it('when they come as a token, then they are refused and nothing throws', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]*\.[\w-]*\.[\w-]*$/));
    const header = fc.jsonValue().map((value) => unsigned(JSON.stringify(value)));
    const nearly = fc.jsonValue().map((value) => unsigned({ ...ownHeader(), kid: value }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, header, nearly), async (token) => {
        expect(await verifier.verify(token, 'access')).toMatchObject({ ok: false });
      }),
      { numRuns: 500 },
    );
  });
});
