import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answered, ask, bearer } from '../support/edge-client.js';
import { startEdge, type TestEdge } from '../support/edge-harness.js';
import { eventually } from '../support/eventually.js';

const doors = ['/_portcullis/verdict', '/_portcullis/verdict/orders/7?x=1', '/orders/7'];
const revoked = { status: 401, json: { code: 'TokenRevoked', reason: 'revoked' } };
const noVerdict = {
  status: 503,
  headers: { 'retry-after': '1', 'cache-control': 'no-store', 'content-type': 'application/problem+json' },
};

let people = 0;
const somebody = () => {
  people += 1;
  return `user-${people}`;
};

describe.each(doors)('given an edge with a whole set, at %s', (path) => {
  let edge: TestEdge;

  beforeAll(async () => {
    edge = await startEdge();
  });
  afterEach(() => edge.setSetDown(false));
  afterAll(() => edge.close());

  const show = (token: string): Promise<Answered> => ask(edge.url, { path, headers: bearer(token) });
  const raise = (userId: string | null, fact: { watermark: number } | { sid: string }, app = 'main') =>
    edge.revocations.raise([{ subject: { app, userId }, at: Date.now(), ...fact }]);

  it('when nothing is held against a token, then it is let in', async () => {
    const token = await edge.issuer.sign({ sub: somebody() });
    expect(await show(token)).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  });

  it('when the user is revoked, then the token is refused on the very next request, cached as it is', async () => {
    const sub = somebody();
    const token = await edge.issuer.sign({ sub, ver: 1 });
    expect((await show(token)).status).toBe(200);
    await raise(sub, { watermark: 2 });
    const answer = await show(token);
    expect(answer).toMatchObject(revoked);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('when the user is revoked, then the token of another user of the same app is let in', async () => {
    await raise(somebody(), { watermark: 9 });
    expect((await show(await edge.issuer.sign({ sub: somebody() }))).status).toBe(200);
  });

  it('when a user signs in at the instant of the revocation, then the new token is let in and the old one refused', async () => {
    const sub = somebody();
    const iat = Math.floor(Date.now() / 1000);
    const old = await edge.issuer.sign({ sub, ver: 4, iat });
    await raise(sub, { watermark: 5 });
    const fresh = await edge.issuer.sign({ sub, ver: 5, iat });
    expect(await show(old)).toMatchObject(revoked);
    expect((await show(fresh)).status).toBe(200);
  });

  it('when one session is revoked, then its token is refused and that of another session let in', async () => {
    const sub = somebody();
    await raise(sub, { sid: 'lost-phone' });
    expect(await show(await edge.issuer.sign({ sub, sid: 'lost-phone' }))).toMatchObject(revoked);
    expect((await show(await edge.issuer.sign({ sub, sid: 'laptop' }))).status).toBe(200);
  });

  it('when everyone of an app is revoked, then its tokens are refused, and newer ones and those of other apps let in', async () => {
    const app = `app-${people}-${path.length}`;
    const old = await edge.issuer.sign({ app, sub: somebody(), app_ver: 2 });
    expect((await show(old)).status).toBe(200);
    await raise(null, { watermark: 3 }, app);
    expect(await show(old)).toMatchObject(revoked);
    expect((await show(await edge.issuer.sign({ app, sub: somebody(), app_ver: 3 }))).status).toBe(200);
    expect((await show(await edge.issuer.sign({ sub: somebody(), app_ver: 2 }))).status).toBe(200);
  });

  it('when the set cannot be asked, then there is no verdict, and when it can again, then there is', async () => {
    const sub = somebody();
    const token = await edge.issuer.sign({ sub });
    const other = await edge.issuer.sign({ sub: somebody() });
    expect((await show(token)).status).toBe(200);
    edge.setSetDown(true);
    expect(await show(token)).toMatchObject({ ...noVerdict, json: { code: 'NoVerdict', reason: 'set-unavailable' } });
    expect(await ask(edge.url, { path: '/readyz' })).toMatchObject({ status: 503 });
    // What is raised meanwhile counts as soon as there are verdicts again.
    await raise(sub, { watermark: 7 });
    edge.setSetDown(false);
    expect(await show(token)).toMatchObject(revoked);
    expect((await show(other)).status).toBe(200);
    expect(await ask(edge.url, { path: '/readyz' })).toMatchObject({ status: 200 });
  });

  it('when a bad token comes while the set cannot be asked, then it is refused and not told to come again', async () => {
    edge.setSetDown(true);
    expect((await show('bad')).status).toBe(401);
  });

  it('when many tokens come in one turn, one of them revoked, then each has its own verdict', async () => {
    const users = Array.from({ length: 50 }, somebody);
    const dead = users[31] ?? '';
    await raise(dead, { watermark: 2 });
    const tokens = await Promise.all(users.map((sub) => edge.issuer.sign({ sub })));
    const statuses = await Promise.all(tokens.map(async (token) => (await show(token)).status));
    expect(statuses).toEqual(users.map((sub) => (sub === dead ? 401 : 200)));
  });
});

describe.each(doors)('given an edge whose set is cold, at %s', (path) => {
  let edge: TestEdge;

  beforeAll(async () => {
    edge = await startEdge({ whole: false });
  });
  afterAll(() => edge.close());

  it('when a good token comes, then it waits outside until the set is whole', async () => {
    const headers = bearer(await edge.issuer.sign());
    expect(await ask(edge.url, { path, headers })).toMatchObject({
      ...noVerdict,
      json: { code: 'NoVerdict', reason: 'set-not-whole' },
    });
    expect(await ask(edge.url, { path: '/readyz' })).toMatchObject({ status: 503 });
    await edge.revocations.declareWhole(new Map());
    expect((await ask(edge.url, { path, headers })).status).toBe(200);
    expect((await ask(edge.url, { path: '/readyz' })).status).toBe(200);
  });
});

describe('given an edge, at the verdict door', () => {
  let edge: TestEdge;

  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.close());

  it('when a token is good, then the answer says whose it is', async () => {
    const exp = Math.floor(Date.now() / 1000) + 100;
    const token = await edge.issuer.sign({ sub: 'ada', sid: 'laptop', exp });
    const answer = await ask(edge.url, { path: '/_portcullis/verdict', headers: bearer(token) });
    expect(answer).toMatchObject({
      status: 200,
      body: '',
      headers: {
        'cache-control': 'no-store',
        'content-length': '0',
        'x-portcullis-user': 'ada',
        'x-portcullis-app': 'main',
        'x-portcullis-session': 'laptop',
        'x-portcullis-token-expires': String(exp),
      },
    });
  });

  it.each([
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'M-SEARCH',
    'QUERY',
    'PURGE',
  ])('when it is asked with %s, then it answers all the same', async (method) => {
    const headers = bearer(await edge.issuer.sign());
    for (const path of ['/_portcullis/verdict', '/_portcullis/verdict/any/%zz/../path?and=query']) {
      expect((await ask(edge.url, { method, path, headers })).status).toBe(200);
      expect((await ask(edge.url, { method, path })).status).toBe(401);
    }
  });

  it.each([
    ['application/json', '{"not": json'],
    ['not a content type at all;;;', 'x'],
    ['', 'x'],
    ['multipart/form-data', 'x'.repeat(200_000)],
  ])('when the body is of type %j, then it is not looked at', async (type, body) => {
    const headers = [...bearer(await edge.issuer.sign()), 'content-type', type];
    const answer = await ask(edge.url, { method: 'POST', path: '/_portcullis/verdict', headers, body });
    expect(answer.status).toBe(200);
  });

  it('when a token expires while it is remembered, then it is refused', async () => {
    const brief = await startEdge({ config: { CLOCK_SKEW: 0 } });
    try {
      const headers = bearer(await brief.issuer.sign({ exp: Math.floor(Date.now() / 1000) + 2 }));
      const path = '/_portcullis/verdict';
      expect((await ask(brief.url, { path, headers })).status).toBe(200);
      const refusal = await eventually(async () => {
        const answer = await ask(brief.url, { path, headers });
        return answer.status === 401 && answer;
      });
      expect(refusal).toMatchObject({ json: { reason: 'expired' } });
    } finally {
      await brief.close();
    }
  });

  it('when it has given verdicts, then they are counted at /metrics', async () => {
    await ask(edge.url, { path: '/_portcullis/verdict', headers: bearer(await edge.issuer.sign()) });
    const { body, status } = await ask(edge.url, { path: '/metrics' });
    expect(status).toBe(200);
    expect(body).toMatch(/portcullis_verdicts_total\{outcome="granted",reason="valid"\} [1-9]/);
  });

  it('when it is asked for its health, then no token is needed', async () => {
    expect(await ask(edge.url, { path: '/healthz?x=1' })).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await ask(edge.url, { path: '/readyz', method: 'HEAD' })).toMatchObject({ status: 200 });
    expect(await ask(edge.url, { path: '/metrics', method: 'DELETE' })).toMatchObject({
      status: 405,
      json: { code: 'MethodNotAllowed' },
    });
  });

  it.each([
    '/%68ealthz',
    '/healthz/',
    '//healthz',
    '/HEALTHZ',
    '/healthz;x',
    '/_portcullis/verdictx',
    '/%5fportcullis/verdict',
  ])('when a path only resembles one of its own, as %s, then it needs a token', async (path) => {
    expect((await ask(edge.url, { path })).status).toBe(401);
  });
});
