import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, bearer, sendRaw } from '../support/edge-client.js';
import { startEdge, type TestEdge, type TestEdgeOptions } from '../support/edge-harness.js';
import { startUpstream, type TestUpstream } from '../support/edge-upstream.js';
import { eventually } from '../support/eventually.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An edge in front of an upstream that answers as it is told to. */
async function edgeBefore(
  answer?: (request: IncomingMessage, response: ServerResponse) => void,
  options: TestEdgeOptions = {},
): Promise<{ edge: TestEdge; upstream: TestUpstream; headers: string[] }> {
  const upstream = await startUpstream(answer);
  const edge = await startEdge({ upstreamUrl: upstream.url, ...options });
  open.push(upstream.close, edge.close);
  return { edge, upstream, headers: bearer(await edge.issuer.sign()) };
}

/** An upstream that speaks whatever bytes it likes. */
async function rawUpstream(onConnection: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

describe('given a proxying edge', () => {
  it('when a request passes, then the upstream gets it as it came', async () => {
    const { edge, upstream, headers } = await edgeBefore();
    const path = '/a//b/./c/../%2e%2e/%zz;p=1?q=%20&q=%ff&x=/../y';
    const sent = [...headers, 'X-Custom', 'One', 'x-custom', 'Two', 'Accept', '*/*', 'Content-Type', 'made/up; ;;'];
    const answer = await ask(edge.url, { method: 'PATCH', path, headers: sent, body: '{"half": ' });
    expect(answer).toMatchObject({ status: 200, body: 'hello' });
    expect(upstream.seen).toEqual([expect.objectContaining({ method: 'PATCH', url: path, body: '{"half": ' })]);
    const [seen] = upstream.seen;
    expect(seen?.rawHeaders.join('\n')).toContain(
      ['X-Custom', 'One', 'x-custom', 'Two', 'Accept', '*/*', 'Content-Type', 'made/up; ;;'].join('\n'),
    );
    expect(seen?.headers).toMatchObject({
      host: new URL(upstream.url).host,
      authorization: headers[1],
      'content-length': '9',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(edge.url).host,
    });
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT', 'QUERY'])(
    'when the method is %s, then it passes, with a body and without',
    async (method) => {
      const { edge, upstream, headers } = await edgeBefore();
      expect((await ask(edge.url, { method, headers })).status).toBe(200);
      expect((await ask(edge.url, { method, headers, body: 'some' })).status).toBe(200);
      expect(upstream.seen.map((seen) => [seen.method, seen.body])).toEqual([
        [method, ''],
        [method, 'some'],
      ]);
    },
  );

  it('when headers are meant for one hop, then they end there, both ways', async () => {
    const { edge, upstream, headers } = await edgeBefore((_request, response) => {
      response.writeHead(299, 'Fine Indeed', [
        ['Connection', 'x-up-secret'],
        ['X-Up-Secret', '1'],
        ['Keep-Alive', 'timeout=99'],
        ['Proxy-Authenticate', 'Basic'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Kept', 'yes'],
      ]);
      response.end('done');
    });
    const answer = await ask(edge.url, {
      headers: [
        ...headers,
        ...['Connection', 'close, X-Down-Secret', 'X-Down-Secret', '1', 'TE', 'trailers', 'Keep-Alive', 'timeout=9'],
        ...['Proxy-Authorization', 'Basic YTpi', 'Proxy-Connection', 'keep-alive', 'Upgrade', 'h2c', 'X-Kept', 'yes'],
      ],
    });
    expect(answer).toMatchObject({ status: 299, body: 'done' });
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-kept': 'yes' });
    for (const name of ['x-up-secret', 'proxy-authenticate']) expect(answer.headers).not.toHaveProperty(name);
    expect(answer.headers['keep-alive']).not.toBe('timeout=99');
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-kept': 'yes' });
    for (const name of ['x-down-secret', 'te', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'upgrade']) {
      expect(upstream.seen[0]?.headers).not.toHaveProperty(name);
    }
  });

  it('when a client says where it comes from, then it is not believed', async () => {
    const { edge, upstream, headers } = await edgeBefore();
    const forged = ['X-Forwarded-For', '6.6.6.6', 'x_forwarded_for', '6.6.6.6', 'X-Forwarded-Proto', 'https'];
    const more = ['X-Forwarded-Host', 'evil.example', 'Forwarded', 'for=6.6.6.6', 'X-Real-IP', '6.6.6.6'];
    await ask(edge.url, { headers: [...headers, ...forged, ...more] });
    expect(upstream.seen[0]?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(edge.url).host,
    });
    expect(upstream.seen[0]?.rawHeaders.join()).not.toMatch(/6\.6\.6\.6|evil/);
  });

  it('when a trusted proxy says where a client comes from, then it is believed and added to', async () => {
    const { edge, upstream, headers } = await edgeBefore(undefined, { config: { TRUST_PROXY: ['127.0.0.0/8'] } });
    const said = ['X-Forwarded-For', '9.9.9.9', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'api.example'];
    await ask(edge.url, { headers: [...headers, ...said] });
    expect(upstream.seen[0]?.headers).toMatchObject({
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'api.example',
    });
  });

  it('when the upstream answers in pieces, then the first arrives before the last is sent', async () => {
    let finish = () => {};
    const { edge, headers } = await edgeBefore((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('first');
      finish = () => response.end('last');
    });
    const { hostname, port } = new URL(edge.url);
    const pieces: string[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      const asked = request({ hostname, port, headers: ['host', 'edge', ...headers] }, (response) => {
        response.on('data', (chunk: Buffer) => {
          pieces.push(String(chunk));
          if (pieces.length === 1) finish();
        });
        response.on('end', resolve);
      });
      asked.on('error', reject);
      asked.end();
    });
    await ended;
    expect(pieces).toEqual(['first', 'last']);
  });

  it('when the upstream begins an answer and says nothing yet, then the client has its headers', async () => {
    const { edge, headers } = await edgeBefore((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const { hostname, port } = new URL(edge.url);
    const status = await new Promise((resolve) => {
      const asked = request({ hostname, port, headers: ['host', 'edge', ...headers] }, (response) => {
        resolve(response.statusCode);
        asked.destroy();
      });
      asked.on('error', () => undefined);
      asked.end();
    });
    expect(status).toBe(200);
  });

  it('when a client sends in pieces, then the upstream has the first before the last is sent', async () => {
    const arrived: string[] = [];
    const { edge, headers } = await edgeBefore((request, response) => {
      request.on('data', (chunk: Buffer) => arrived.push(String(chunk)));
      request.on('end', () => response.end(arrived.join('')));
    });
    const { hostname, port } = new URL(edge.url);
    const answer = new Promise<string>((resolve, reject) => {
      const asked = request(
        { hostname, port, method: 'POST', headers: ['host', 'edge', 'transfer-encoding', 'chunked', ...headers] },
        (response) => response.on('data', (chunk: Buffer) => resolve(String(chunk))),
      );
      asked.on('error', reject);
      asked.write('first');
      eventually(() => arrived.length === 1).then(() => asked.end('last'), reject);
    });
    expect(await answer).toBe('firstlast');
  });

  it('when a body is large, then it arrives whole, both ways', async () => {
    const large = randomBytes(20 * 1024 * 1024);
    const { edge, headers } = await edgeBefore((request, response) => {
      response.writeHead(200, { 'content-length': String(large.length) });
      request.pipe(response);
    });
    const { hostname, port } = new URL(edge.url);
    const digest = await new Promise<string>((resolve, reject) => {
      const asked = request(
        {
          hostname,
          port,
          method: 'PUT',
          headers: ['host', 'edge', 'content-length', String(large.length), ...headers],
        },
        (response) => {
          const hash = createHash('sha256');
          response.on('data', (chunk: Buffer) => hash.update(chunk));
          response.on('end', () => resolve(hash.digest('hex')));
          response.on('error', reject);
        },
      );
      asked.on('error', reject);
      asked.end(large);
    });
    expect(digest).toBe(createHash('sha256').update(large).digest('hex'));
  });

  it('when the client goes away, then the upstream is told', async () => {
    let gone = false;
    const { edge, upstream, headers } = await edgeBefore((_request, response) => {
      response.on('close', () => {
        gone = true;
      });
    });
    const { hostname, port } = new URL(edge.url);
    const asked = request({ hostname, port, headers: ['host', 'edge', ...headers] });
    asked.on('error', () => undefined);
    asked.end();
    await eventually(() => upstream.begun() === 1);
    expect(gone).toBe(false);
    asked.destroy();
    await eventually(() => gone);
    expect(edge.log()).not.toContain('upstream failed');
  });

  it('when the client goes away in the middle of its body, then the upstream does not take it for whole', async () => {
    let aborted = false;
    const { edge, upstream, headers } = await edgeBefore((request) => {
      request.on('error', () => {
        aborted = true;
      });
    });
    const { hostname, port } = new URL(edge.url);
    const asked = request({
      hostname,
      port,
      method: 'POST',
      headers: ['host', 'edge', 'transfer-encoding', 'chunked', ...headers],
    });
    asked.on('error', () => undefined);
    asked.write('half');
    await eventually(() => upstream.begun() === 1);
    asked.destroy();
    await eventually(() => aborted);
    expect(upstream.seen).toEqual([]);
  });

  it('when a client asks before it sends its body, then it is told to go on only if it is let in', async () => {
    const { edge, upstream, headers } = await edgeBefore();
    const head = (authorization: string) =>
      `POST /big HTTP/1.1\r\nhost: edge\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 4\r\n${authorization}\r\n`;
    const refusal = await sendRaw(edge.url, head(''), 300);
    expect(refusal).toMatch(/^HTTP\/1\.1 401 /);
    expect(refusal).not.toContain('100 Continue');
    expect(upstream.begun()).toBe(0);
    const { hostname, port } = new URL(edge.url);
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += String(chunk);
        if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('body');
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
      socket.write(head(`authorization: ${headers[1]}\r\n`));
    });
    expect(said).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(upstream.seen).toMatchObject([{ body: 'body' }]);
  });

  it('when UPSTREAM_URL has a path, then it stands before every path', async () => {
    const { edge, upstream, headers } = await edgeBefore();
    const below = await startEdge({ upstreamUrl: `${upstream.url}/api/v1/` });
    open.push(below.close);
    expect(edge.url).not.toBe(below.url);
    await ask(below.url, { path: '/orders?x=1', headers: bearer(await below.issuer.sign()) });
    expect(upstream.seen.map(({ url }) => url)).toEqual(['/api/v1/orders?x=1']);
    expect(headers).toHaveLength(2);
  });

  it('when the target is absolute, then its path goes on', async () => {
    const { edge, upstream, headers } = await edgeBefore();
    await ask(edge.url, { path: 'http://evil.example/orders?x=1', headers });
    await ask(edge.url, { path: 'HTTPS://evil.example', headers });
    expect(upstream.seen.map(({ url }) => url)).toEqual(['/orders?x=1', '/']);
    expect((await ask(edge.url, { path: 'http://evil.example/_portcullis/verdict', headers })).body).toBe('');
    expect(upstream.begun()).toBe(2);
  });

  it('when a response has trailers, then they are passed on', async () => {
    const { edge, headers } = await edgeBefore((_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('text');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    const said = await sendRaw(
      edge.url,
      `GET / HTTP/1.1\r\nhost: edge\r\nconnection: close\r\nauthorization: ${headers[1]}\r\n\r\n`,
    );
    expect(said).toMatch(/0\r\nx-sum: 42\r\n\r\n$/i);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('when %s is answered with %s, then there is no body', async (method, status) => {
    const { edge, headers } = await edgeBefore((_request, response) => {
      response
        .writeHead(status, status === 200 ? { 'content-length': '1234', 'x-kept': 'yes' } : { 'x-kept': 'yes' })
        .end();
    });
    const answer = await ask(edge.url, { method, headers });
    expect(answer).toMatchObject({ status, body: '', headers: { 'x-kept': 'yes' } });
    if (method === 'HEAD') expect(answer.headers['content-length']).toBe('1234');
  });
});

describe('given an upstream that fails', () => {
  it('when it refuses connections, then it is a 502', async () => {
    const { upstream, edge, headers } = await edgeBefore();
    await upstream.close();
    expect(await ask(edge.url, { path: '/gone?secret=1', headers })).toMatchObject({
      status: 502,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      json: { code: 'UpstreamUnavailable', status: 502 },
    });
    expect(edge.log()).toMatch(/"code":"ECONNREFUSED".*"path":"\/gone"/);
  });

  it('when it takes too long, then it is a 504', async () => {
    const { edge, headers } = await edgeBefore(() => undefined, { config: { UPSTREAM_TIMEOUT: 100 } });
    expect(await ask(edge.url, { headers })).toMatchObject({ status: 504, json: { code: 'UpstreamTimeout' } });
  });

  it('when it speaks something else than HTTP, then it is a 502', async () => {
    const url = await rawUpstream((socket) => {
      socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9\r\n'));
    });
    const { edge, headers } = await edgeBefore(undefined, { upstreamUrl: url });
    expect(await ask(edge.url, { headers })).toMatchObject({ status: 502, json: { code: 'UpstreamUnavailable' } });
  });

  it('when it hangs up without an answer, then it is a 502, and a request with a body is not sent twice', async () => {
    let begun = 0;
    const { edge, headers } = await edgeBefore((request) => {
      begun += 1;
      request.socket.destroy();
    });
    expect((await ask(edge.url, { method: 'POST', headers, body: 'once' })).status).toBe(502);
    expect(begun).toBe(1);
    expect((await ask(edge.url, { headers })).status).toBe(502);
    expect(begun).toBe(3);
  });

  it('when it breaks off in the middle of its answer, then so does the edge', async () => {
    const { edge, headers } = await edgeBefore((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => response.destroy());
    });
    await expect(ask(edge.url, { headers })).rejects.toMatchObject({ code: 'ECONNRESET' });
    // And it serves on.
    expect((await ask(edge.url, { path: '/healthz' })).status).toBe(200);
  });

  it('when it closes a connection that was kept open at the moment of use, then the request is sent again', async () => {
    let connections = 0;
    const url = await rawUpstream((socket) => {
      connections += 1;
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (connections === 1 && requests === 2) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const { edge, headers } = await edgeBefore(undefined, { upstreamUrl: url });
    expect((await ask(edge.url, { headers })).body).toBe('ok');
    expect((await ask(edge.url, { headers })).body).toBe('ok');
    expect(connections).toBe(2);
  });
});

describe('given an edge without an upstream', () => {
  let edge: TestEdge;

  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.close());

  it('when a request passes, then it is shown what an upstream would get, and never the token', async () => {
    const token = await edge.issuer.sign({ sub: 'ada' });
    const answer = await ask(edge.url, { method: 'POST', path: '/hello?x=1', headers: bearer(token), body: 'four' });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        upstream: 'echo',
        method: 'POST',
        path: '/hello?x=1',
        headers: { 'x-portcullis-user': 'ada', 'x-forwarded-for': '127.0.0.1' },
        bodyBytes: 4,
      },
    });
    expect(answer.body).not.toContain(token);
  });
});

describe('given an edge that is told to stop', () => {
  it('when a request is under way, then it is finished first', async () => {
    let finish = () => {};
    const { edge, upstream, headers } = await edgeBefore((_request, response) => {
      finish = () => response.end('finished');
    });
    const answer = ask(edge.url, { headers });
    await eventually(() => upstream.begun() === 1);
    const closed = edge.gateway.close();
    await eventually(async () => {
      await expect(ask(edge.url, { path: '/healthz' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      return true;
    });
    finish();
    expect(await answer).toMatchObject({ status: 200, body: 'finished' });
    await closed;
  });

  it('when a stream does not end, then it is broken off within 5 seconds', async () => {
    const { edge, headers } = await edgeBefore((_request, response) => {
      response.write('for ever');
    });
    const endless = ask(edge.url, { headers }).catch((error: unknown) => error);
    await eventually(async () => (await edge.verdicts('granted', 'valid')) === 1);
    const startedAt = Date.now();
    await edge.gateway.close();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(await endless).toMatchObject({ code: 'ECONNRESET' });
  });

  it('when its port is taken, then it says so in one sentence', async () => {
    const { edge } = await edgeBefore();
    const port = Number(new URL(edge.url).port);
    await expect(startEdge({ config: { EDGE_PORT: port } })).rejects.toMatchObject({
      code: 'port-unavailable',
      message: expect.stringContaining('set EDGE_PORT'),
    });
  });
});
