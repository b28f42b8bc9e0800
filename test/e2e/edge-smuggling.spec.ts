import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, bearer, sendRaw } from '../support/edge-client.js';
import { startEdge, type TestEdge } from '../support/edge-harness.js';
import { startUpstream, type TestUpstream } from '../support/edge-upstream.js';

describe('given an edge and a client that chooses its bytes', () => {
  let edge: TestEdge;
  let upstream: TestUpstream;
  let authorization: string;

  beforeAll(async () => {
    upstream = await startUpstream();
    edge = await startEdge({ upstreamUrl: upstream.url });
    authorization = `authorization: Bearer ${await edge.issuer.sign()}`;
  });
  afterAll(async () => {
    await edge.close();
    await upstream.close();
  });

  const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: edge\r\n\r\n';

  it.each([
    ['both a length and chunks', 'content-length: 4\r\ntransfer-encoding: chunked', `0\r\n\r\n${smuggled}`],
    ['both, the other way round', 'transfer-encoding: chunked\r\ncontent-length: 4', `0\r\n\r\n${smuggled}`],
    ['two lengths', 'content-length: 4\r\ncontent-length: 40', `abcd${smuggled}`],
    ['two lengths in one header', 'content-length: 4, 40', `abcd${smuggled}`],
    ['a length with a sign', 'content-length: +4', `abcd${smuggled}`],
    ['a length in hexadecimal', 'content-length: 0x4', `abcd${smuggled}`],
    ['a coding other than chunked', 'transfer-encoding: xchunked', `0\r\n\r\n${smuggled}`],
    ['chunked before another coding', 'transfer-encoding: chunked, identity', `0\r\n\r\n${smuggled}`],
    ['a space before the colon', 'content-length : 4', `abcd${smuggled}`],
    ['a folded header', 'x-folded: a\r\n content-length: 4', `abcd${smuggled}`],
    ['a bare line feed in the headers', 'x-a: b\ncontent-length: 4', `abcd${smuggled}`],
    ['a bare carriage return in a header', 'x-a: b\rcontent-length: 4', `abcd${smuggled}`],
    ['a null byte in a header', 'x-a: b\0c', smuggled],
  ])('when a request has %s, then it is a 400 and nothing passes', async (_name, header, body) => {
    const before = upstream.begun();
    const said = await sendRaw(
      edge.url,
      `POST /first HTTP/1.1\r\nhost: edge\r\n${authorization}\r\n${header}\r\n\r\n${body}`,
    );
    expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(said).toContain('application/problem+json');
    expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(upstream.begun()).toBe(before);
  });

  it.each([
    ['is no number', 'zz\r\nabcd\r\n0\r\n\r\n'],
    ['is longer than it says', '2\r\nabcd\r\n0\r\n\r\n'],
    ['has a size with a sign', '-4\r\nabcd\r\n0\r\n\r\n'],
  ])('when a chunk %s, then the request is broken off and the upstream never has it whole', async (_name, chunks) => {
    const before = upstream.seen.length;
    const head = `POST /chunks HTTP/1.1\r\nhost: edge\r\n${authorization}\r\ntransfer-encoding: chunked\r\n\r\n`;
    const said = await sendRaw(edge.url, `${head}${chunks}${smuggled}`);
    expect(said).toMatch(/^(HTTP\/1\.1 (400|502) |$)/);
    expect(said).not.toContain('200 OK');
    expect(upstream.seen).toHaveLength(before);
  });

  it('when a second request follows in the same packet, then it is judged on its own', async () => {
    const said = await sendRaw(
      edge.url,
      `GET /with HTTP/1.1\r\nhost: edge\r\n${authorization}\r\n\r\nGET /without HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n`,
    );
    expect([...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
    expect(upstream.seen.map(({ url }) => url)).not.toContain('/without');
  });

  it.each([
    ['no Host', `GET / HTTP/1.1\r\n${'AUTH'}\r\n\r\n`],
    ['two Hosts', `GET / HTTP/1.1\r\nhost: edge\r\nhost: other\r\n${'AUTH'}\r\n\r\n`],
    ['a fragment', `GET /a#b HTTP/1.1\r\nhost: edge\r\n${'AUTH'}\r\n\r\n`],
    ['an asterisk for a target', `OPTIONS * HTTP/1.1\r\nhost: edge\r\n${'AUTH'}\r\n\r\n`],
    ['no HTTP in it', 'hello there\r\n\r\n'],
    ['an unknown method', `FETCH / HTTP/1.1\r\nhost: edge\r\n${'AUTH'}\r\n\r\n`],
  ])('when a request has %s, then it is a 400', async (_name, bytes) => {
    const before = upstream.begun();
    const said = await sendRaw(edge.url, bytes.replace('AUTH', `${authorization}\r\nconnection: close`));
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.begun()).toBe(before);
  });

  it.each(['/orders', '/_portcullis/verdict'])('when 10,000 headers come to %s, then it is a 431', async (path) => {
    const short = Array.from({ length: 10_000 }, (_, index) => `x${index}: 1\r\n`).join('');
    const long = Array.from({ length: 10_000 }, (_, index) => `x-some-longer-header-${index}: with a value\r\n`).join(
      '',
    );
    for (const headers of [short, long]) {
      const said = await sendRaw(edge.url, `GET ${path} HTTP/1.1\r\nhost: edge\r\n${authorization}\r\n${headers}\r\n`);
      expect(said).toMatch(/^HTTP\/1\.1 431 /);
      expect(said).toContain('"code":"HeadersTooLarge"');
    }
    expect((await ask(edge.url, { path: '/healthz' })).status).toBe(200);
  });

  it('when a second Authorization hides behind 3,000 other headers, then it is found', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `x${index}: 1\r\n`).join('');
    const said = await sendRaw(
      edge.url,
      `GET /hidden HTTP/1.1\r\nhost: edge\r\n${authorization}\r\n${many}${authorization}\r\n\r\n`,
    );
    expect(said).toMatch(/^HTTP\/1\.1 (431|400) /);
  });

  it('when a client tunnels with CONNECT, then it gets nowhere', async () => {
    const said = await sendRaw(edge.url, `CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: edge\r\n${authorization}\r\n\r\n`);
    expect(said).not.toMatch(/^HTTP\/1\.1 2/);
  });

  it('when a client speaks HTTP/1.0, then it is served, without chunks', async () => {
    const said = await sendRaw(edge.url, `GET /old HTTP/1.0\r\nhost: edge\r\n${authorization}\r\n\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said).toMatch(/\r\n\r\nhello$/);
  });

  it('when the same connection goes on after a refusal, then its next request is served', async () => {
    const said = await sendRaw(
      edge.url,
      `POST /no HTTP/1.1\r\nhost: edge\r\ncontent-length: 4\r\n\r\nabcdGET /_portcullis/verdict HTTP/1.1\r\nhost: edge\r\n${authorization}\r\nconnection: close\r\n\r\n`,
    );
    expect([...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['401', '200']);
  });

  it('when a good token is shown all the while, then it is let in at the end of all this', async () => {
    const token = await edge.issuer.sign();
    expect((await ask(edge.url, { path: '/still-here', headers: bearer(token) })).status).toBe(200);
  });
});
