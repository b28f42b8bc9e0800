import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { JwksKeySource, type JwksKeySourceSettings } from './jwks-key-source.js';
import { KeysUnavailable } from './key-source.js';

const minIntervalMs = 10_000;
const maxAgeMs = 60_000;
const keepMs = 600_000;

type Answer = { readonly status: number; readonly body: string; readonly location?: string } | 'nothing';

let server: Server;
let url: string;
let requests: number;
let answer: Answer;
let time: number;

beforeEach(async () => {
  requests = 0;
  time = 1_000_000;
  server = createServer((_request, response) => {
    requests += 1;
    if (answer === 'nothing') return;
    response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/.well-known/jwks.json`;
});
afterEach(stop);

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function source(settings: Partial<JwksKeySourceSettings> = {}): JwksKeySource {
  return new JwksKeySource({ url, now: () => time, minIntervalMs, maxAgeMs, keepMs, ...settings });
}

async function key(kid: string, alg = 'ES256', more: JWK = {}): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig', ...more };
}

function serve(what: Answer): void {
  answer = what;
}

function publish(...keys: unknown[]): void {
  serve({ status: 200, body: JSON.stringify({ keys }) });
}

describe('given a key server', () => {
  it('when its keys are asked for many times at once, then one fetch serves all', async () => {
    publish(await key('a'), await key('b', 'EdDSA'), await key('c', 'RS256'));
    const keys = source();
    const found = await Promise.all(['a', 'b', 'c', 'a', 'b'].map((kid) => keys.find(kid)));
    expect(found.map((one) => [one?.kid, one?.algorithm])).toEqual([
      ['a', 'ES256'],
      ['b', 'EdDSA'],
      ['c', 'RS256'],
      ['a', 'ES256'],
      ['b', 'EdDSA'],
    ]);
    expect(requests).toBe(1);
  });

  it('when made-up keys are asked for, then there is one fetch an interval', async () => {
    publish(await key('a'));
    const keys = source();
    for (let i = 0; i < 50; i += 1) expect(await keys.find(`made-up-${i}`)).toBeNull();
    expect(requests).toBe(1);
    time += minIntervalMs;
    await Promise.all(Array.from({ length: 50 }, (_, i) => keys.find(`made-up-${i}`)));
    expect(requests).toBe(2);
  });

  it('when a new key is asked for after the interval, then it is found', async () => {
    publish(await key('a'));
    const keys = source();
    await keys.find('a');
    publish(await key('a'), await key('b'));
    time += minIntervalMs;
    expect(await keys.find('b')).toMatchObject({ kid: 'b' });
  });

  it('when names of the language are asked for, then there is no such key', async () => {
    publish(await key('a'));
    const keys = source();
    for (const kid of ['__proto__', 'constructor', 'toString', '']) expect(await keys.find(kid)).toBeNull();
  });

  it('when its set holds what we cannot use, then the rest is used', async () => {
    const good = await key('good');
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const { n = '', ...rsa } = await exportJWK(publicKey);
    publish(
      null,
      7,
      {},
      { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'disguised', alg: 'ES256' },
      { ...good, kid: 'no-alg', alg: undefined },
      { ...good, kid: 'other-alg', alg: 'RS256' },
      { ...good, kid: 'for-encryption', use: 'enc' },
      { ...good, kid: 7 },
      { ...good, kid: 'off-the-curve', x: good.y },
      { ...rsa, n: n.slice(0, 170), kid: 'weak', alg: 'RS256' },
      good,
    );
    const keys = source();
    expect(await keys.find('good')).toMatchObject({ kid: 'good', algorithm: 'ES256' });
    for (const kid of ['secret', 'disguised', 'no-alg', 'other-alg', 'for-encryption', 'off-the-curve', 'weak']) {
      expect(await keys.find(kid)).toBeNull();
    }
  });

  it('when it publishes a private key by mistake, then only the public part is taken', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    publish({ ...(await exportJWK(privateKey)), kid: 'a', alg: 'ES256' });
    expect((await source().find('a'))?.key.type).toBe('public');
  });

  it('when a key is gone from it, then a refresh notices and tells', async () => {
    publish(await key('a'), await key('b'));
    const keys = source();
    let told = 0;
    const unsubscribe = keys.onRemoved(() => {
      told += 1;
    });
    await keys.refresh();
    publish(await key('b'), await key('c'));
    time += minIntervalMs;
    await keys.refresh();
    expect(told).toBe(1);
    expect(await keys.find('a')).toBeNull();
    expect(await keys.find('c')).not.toBeNull();
    unsubscribe();
  });

  it('when its keys are old, then they serve on while they are fetched anew', async () => {
    publish(await key('a'));
    const keys = source();
    await keys.find('a');
    publish(await key('b'));
    time += maxAgeMs;
    expect(await keys.find('a')).not.toBeNull();
    expect(await keys.find('b')).not.toBeNull();
    expect(await keys.find('a')).toBeNull();
    expect(requests).toBe(2);
  });
});

describe('given a key server that goes down', () => {
  it('when its keys are asked for, then the known ones serve for the stated time and no longer', async () => {
    publish(await key('a'));
    const keys = source();
    await keys.find('a');
    serve({ status: 500, body: '' });
    time += keepMs - 1;
    expect(await keys.find('a')).not.toBeNull();
    await expect(keys.find('b')).rejects.toBeInstanceOf(KeysUnavailable);
    time += 1;
    await expect(keys.find('a')).rejects.toMatchObject({ code: 'keys-unavailable' });
    publish(await key('a'));
    time += minIntervalMs;
    expect(await keys.find('a')).not.toBeNull();
  });

  it.each<[string, () => void | Promise<void>]>([
    ['cannot be reached', () => stop()],
    ['does not answer in time', () => serve('nothing')],
    ['answers with an error', () => serve({ status: 503, body: '{"keys":[]}' })],
    ['sends us elsewhere', () => serve({ status: 302, body: '', location: '/elsewhere' })],
    ['answers with a page', () => serve({ status: 200, body: '<html></html>' })],
    ['answers with no set', () => serve({ status: 200, body: '[]' })],
    ['answers without end', () => serve({ status: 200, body: `{"keys":[]}${' '.repeat(2 * 1024 * 1024)}` })],
  ])('when it %s, then nothing can be said of any key', async (_case, goWrong) => {
    await goWrong();
    const keys = source({ timeoutMs: 100 });
    await expect(keys.find('a')).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(keys.refresh()).rejects.toBeInstanceOf(KeysUnavailable);
  });
});
