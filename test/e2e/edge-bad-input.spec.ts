import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, bearer } from '../support/edge-client.js';
import { startEdge, type TestEdge } from '../support/edge-harness.js';
import { startUpstream, type TestUpstream } from '../support/edge-upstream.js';
import { eventually } from '../support/eventually.js';

const hourAgo = Math.floor(Date.now() / 1000) - 3600;
const inAnHour = Math.floor(Date.now() / 1000) + 3600;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) => token.split('.')[1] ?? '';

interface Case {
  readonly name: string;
  readonly headers: (edge: TestEdge) => Promise<readonly string[]>;
  readonly reason: string;
  readonly code: string;
  /** At the proxy; at the verdict door it is always 401. */
  readonly status: 400 | 401;
}

function badToken(
  name: string,
  reason: string,
  token: (edge: TestEdge) => Promise<string>,
  code = 'TokenInvalid',
): Case {
  return { name, reason, code, status: 401, headers: async (edge) => bearer(await token(edge)) };
}

function badHeader(
  name: string,
  reason: string,
  status: 400 | 401,
  code: string,
  headers: (good: string) => string[],
): Case {
  return { name, reason, code, status, headers: async (edge) => headers(await edge.issuer.sign()) };
}

const cases: readonly Case[] = [
  badToken('alg none', 'algorithm-not-allowed', async ({ issuer }) => {
    const claims = claimsOf(await issuer.sign());
    return `${encode({ alg: 'none', kid: issuer.kid, typ: 'at+jwt' })}.${claims}.c2ln`;
  }),
  badToken('alg none with an empty signature', 'malformed', async ({ issuer }) => {
    const claims = claimsOf(await issuer.sign());
    return `${encode({ alg: 'none', kid: issuer.kid, typ: 'at+jwt' })}.${claims}.`;
  }),
  badToken('alg swapped to HS256, with the public key as the secret', 'algorithm-not-allowed', async ({ issuer }) => {
    const signed = `${encode({ alg: 'HS256', kid: issuer.kid, typ: 'at+jwt' })}.${claimsOf(await issuer.sign())}`;
    return `${signed}.${createHmac('sha256', issuer.publicPem).update(signed).digest('base64url')}`;
  }),
  badToken('alg swapped to RS256', 'algorithm-not-allowed', async ({ issuer }) => {
    const [, claims, signature] = (await issuer.sign()).split('.');
    return `${encode({ alg: 'RS256', kid: issuer.kid, typ: 'at+jwt' })}.${claims}.${signature}`;
  }),
  badToken('an unknown kid', 'unknown-key', ({ issuer }) => issuer.sign({}, { kid: 'someone-else' })),
  badToken('a kid with a path in it', 'unknown-key', ({ issuer }) => issuer.sign({}, { kid: '../../../../dev/null' })),
  badToken('a kid with a quote in it', 'unknown-key', ({ issuer }) => issuer.sign({}, { kid: "x' OR '1'='1" })),
  badToken('expired', 'expired', ({ issuer }) => issuer.sign({ iat: hourAgo - 60, exp: hourAgo }), 'TokenExpired'),
  badToken('not yet valid', 'not-yet-valid', ({ issuer }) => issuer.sign({ nbf: inAnHour, exp: inAnHour + 60 })),
  badToken('a wrong issuer', 'wrong-issuer', ({ issuer }) => issuer.sign({ iss: 'https://elsewhere.example' })),
  badToken('a wrong audience', 'wrong-audience', ({ issuer }) => issuer.sign({ aud: 'another-app' })),
  badToken('a refresh token', 'wrong-type', ({ issuer }) => issuer.sign({ typ: 'refresh' }, { typ: 'rt+jwt' })),
  badToken('a refresh token that calls itself at+jwt', 'wrong-type', ({ issuer }) => issuer.sign({ typ: 'refresh' })),
  badToken('a token of 100 kB', 'oversized', ({ issuer }) => issuer.sign({ much: 'x'.repeat(75_000) })),
  badToken('a changed signature', 'bad-signature', async ({ issuer }) => {
    const token = await issuer.sign();
    return `${token.slice(0, -8)}${token.slice(-8) === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'}`;
  }),
  badToken('changed claims', 'bad-signature', async ({ issuer }) => {
    const [header, , signature] = (await issuer.sign()).split('.');
    return `${header}.${claimsOf(await issuer.sign({ sub: 'somebody-else' }))}.${signature}`;
  }),
  badToken('no ver', 'malformed', ({ issuer }) => issuer.sign({ ver: undefined })),
  badToken('a user with a line break', 'malformed', ({ issuer }) => issuer.sign({ sub: 'a\r\nx-portcullis-app: b' })),
  badToken('a user that no header can hold', 'malformed', ({ issuer }) => issuer.sign({ sub: 'ünï\u2603' })),
  badToken('a word that is no token', 'malformed', async () => 'open-sesame'),
  badHeader('no Authorization header', 'no-token', 401, 'TokenMissing', () => []),
  badHeader('the Basic scheme', 'other-scheme', 401, 'TokenMissing', () => ['authorization', 'Basic YTpi']),
  badHeader('an empty bearer', 'malformed-credentials', 400, 'InvalidRequest', () => ['authorization', 'Bearer']),
  badHeader('an empty Authorization header', 'malformed-credentials', 400, 'InvalidRequest', () => [
    'authorization',
    '',
  ]),
  badHeader('two tokens in one header', 'malformed-credentials', 400, 'InvalidRequest', (good) => [
    'authorization',
    `Bearer ${good}, Bearer ${good}`,
  ]),
  badHeader('a token and a word', 'malformed-credentials', 400, 'InvalidRequest', (good) => [
    'authorization',
    `Bearer ${good} x`,
  ]),
  badHeader('two equal Authorization headers', 'several-credentials', 400, 'InvalidRequest', (good) => [
    ...bearer(good),
    ...bearer(good),
  ]),
  badHeader('two different Authorization headers', 'several-credentials', 400, 'InvalidRequest', (good) => [
    ...bearer(good),
    'AUTHORIZATION',
    'Basic YTpi',
  ]),
  badHeader('a token without a scheme', 'other-scheme', 401, 'TokenMissing', (good) => ['authorization', good]),
  badHeader('a token in a cookie or in other headers', 'no-token', 401, 'TokenMissing', (good) => [
    'cookie',
    `token=${good}`,
    'x-authorization',
    `Bearer ${good}`,
    'authorization-info',
    `Bearer ${good}`,
  ]),
];

describe('given an edge with an upstream behind it', () => {
  let edge: TestEdge;
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    edge = await startEdge({ upstreamUrl: upstream.url });
  });
  afterAll(async () => {
    await edge.close();
    await upstream.close();
  });

  const expectedChallenge = ({ code }: Case) => {
    if (code === 'TokenMissing') return 'Bearer realm="portcullis"';
    const error = code === 'InvalidRequest' ? 'invalid_request' : 'invalid_token';
    return expect.stringMatching(`^Bearer realm="portcullis", error="${error}", error_description="[^"]+"$`);
  };

  describe.each(cases)('when $name is sent', (one) => {
    it('to the verdict door, then it is a 401 and nothing else', async () => {
      const answer = await ask(edge.url, { path: '/_portcullis/verdict', headers: await one.headers(edge) });
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'cache-control': 'no-store', 'www-authenticate': expectedChallenge(one) },
        json: { status: 401, code: one.code, reason: one.reason, type: `urn:portcullis:problem:${one.code}` },
      });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-portcullis'))).toEqual([]);
    });

    it(`to the proxy, then it is a ${one.status} and the upstream is not asked`, async () => {
      const before = upstream.begun();
      const answer = await ask(edge.url, { path: '/orders', headers: await one.headers(edge) });
      expect(answer).toMatchObject({
        status: one.status,
        headers: {
          'cache-control': 'no-store',
          'content-type': 'application/problem+json',
          'www-authenticate': expectedChallenge(one),
        },
        json: { status: one.status, code: one.code, reason: one.reason },
      });
      expect(upstream.begun()).toBe(before);
    });

    it('then it is counted under its reason', async () => {
      expect(await edge.verdicts('refused', one.reason)).toBeGreaterThan(0);
    });
  });

  describe.each(['Bearer', 'bearer', 'BEARER', 'bEaReR  '])('when the scheme is spelled %j', (scheme) => {
    it.each(['/_portcullis/verdict', '/orders'])('then %s lets a good token in', async (path) => {
      const token = await edge.issuer.sign();
      const answer = await ask(edge.url, { path, headers: ['AuThOrIzAtIoN', `${scheme} ${token}`] });
      expect(answer.status).toBe(200);
    });
  });

  it('when a token comes in the query, then it is not read', async () => {
    const token = await edge.issuer.sign();
    const before = upstream.begun();
    expect(await ask(edge.url, { path: `/orders?access_token=${token}` })).toMatchObject({
      status: 401,
      json: { reason: 'no-token' },
    });
    expect(await ask(edge.url, { path: `/_portcullis/verdict?access_token=${token}` })).toMatchObject({ status: 401 });
    expect(upstream.begun()).toBe(before);
  });

  it.each(['access_token', '%61ccess_token', 'a=b&access%5Ftoken'])(
    'when a token comes in a header and as %s in the query, then it is a 400: the upstream might read the other',
    async (name) => {
      const token = await edge.issuer.sign();
      const before = upstream.begun();
      const answer = await ask(edge.url, { path: `/orders?${name}=${token}`, headers: bearer(token) });
      expect(answer).toMatchObject({ status: 400, json: { reason: 'several-credentials' } });
      const asked = `/_portcullis/verdict/orders?${name}=${token}`;
      expect(await ask(edge.url, { path: asked, headers: bearer(token) })).toMatchObject({ status: 401 });
      expect(upstream.begun()).toBe(before);
    },
  );

  it('when identity headers come from outside, then the upstream sees ours alone', async () => {
    const token = await edge.issuer.sign();
    const forged = [
      'x-portcullis-user',
      'X-Portcullis-User',
      'X-PORTCULLIS-ADMIN',
      'x_portcullis_user',
      'X_Portcullis-User',
      'x-portcullis_session',
      'x.portcullis.user',
      'x-portcullis',
    ].flatMap((name) => [name, 'forged']);
    const { status } = await ask(edge.url, { path: '/forged', headers: [...bearer(token), ...forged] });
    expect(status).toBe(200);
    const seen = upstream.seen.find(({ url }) => url === '/forged');
    const names = seen?.rawHeaders.filter((_, at) => at % 2 === 0 && /portcullis/i.test(seen.rawHeaders[at] ?? ''));
    expect(names).toEqual([
      'x-portcullis-user',
      'x-portcullis-app',
      'x-portcullis-session',
      'x-portcullis-token-expires',
    ]);
    expect(seen?.rawHeaders).not.toContain('forged');
    expect(seen?.headers).toMatchObject({
      'x-portcullis-user': '65a1f0c2d3e4b5a697881122',
      'x-portcullis-app': 'main',
      'x-portcullis-session': 's1',
      'x-portcullis-token-expires': expect.stringMatching(/^\d{10}$/),
    });
  });

  it('when a client declares our headers to end at the first hop, then the upstream sees them all the same', async () => {
    const token = await edge.issuer.sign();
    const headers = [...bearer(token), 'connection', 'x-portcullis-user, x-forwarded-for, keep-alive'];
    await ask(edge.url, { path: '/declared', headers });
    const seen = upstream.seen.find(({ url }) => url === '/declared');
    expect(seen?.headers).toMatchObject({
      'x-portcullis-user': '65a1f0c2d3e4b5a697881122',
      'x-forwarded-for': '127.0.0.1',
    });
  });

  it('when the log is read, then it names what was decided and holds no token, query or password', async () => {
    const token = await edge.issuer.sign({ sub: 'who-reads-logs' });
    await ask(edge.url, { path: '/log-me?secret=hunter2', headers: bearer(token) });
    await ask(edge.url, { path: '/log-me-too?secret=hunter2', headers: ['authorization', 'Basic aHVudGVyMg=='] });
    expect(await edge.lineOf('/log-me')).toMatchObject({
      level: 30,
      time: expect.any(Number),
      msg: 'verdict',
      granted: true,
      reason: 'valid',
      subject: 'who-reads-logs',
      method: 'GET',
    });
    expect(await edge.lineOf('/log-me-too')).toMatchObject({
      granted: false,
      reason: 'other-scheme',
      subject: null,
    });
    const log = edge.log();
    for (const secret of ['hunter2', 'aHVudGVyMg', token, token.split('.')[2] ?? '']) expect(log).not.toContain(secret);
  });

  it('when the issuer cannot be asked for a key that is not known, then there is no verdict', async () => {
    const other = await startEdge();
    try {
      other.issuer.setDown(true);
      const headers = bearer(await other.issuer.sign());
      const path = '/_portcullis/verdict';
      expect(await ask(other.url, { path, headers })).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1', 'cache-control': 'no-store' },
        json: { code: 'NoVerdict', reason: 'keys-unavailable' },
      });
      expect(await ask(other.url, { path: '/readyz' })).toMatchObject({ status: 503 });
      other.issuer.setDown(false);
      await eventually(async () => (await ask(other.url, { path, headers })).status === 200);
    } finally {
      await other.close();
    }
  });
});
