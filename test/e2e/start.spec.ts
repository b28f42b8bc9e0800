import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { killLeftProcesses, type ProgramProcess, startProcess } from '../support/process.js';
import { type Build, buildPrograms } from '../support/process-build.js';
import { ProcessClient, processKey } from '../support/process-client.js';
import { freePort } from '../support/process-ports.js';
import { startSlowUpstream } from '../support/process-upstream.js';

describe('given the program as it is started from a shell', () => {
  let build: Build;
  let folder: string;
  /** What a test opened, to be closed however it ends. */
  let opened: { close(): unknown }[];

  beforeAll(async () => {
    build = await buildPrograms();
  });
  afterAll(() => build.remove());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portcullis-start-'));
    opened = [];
  });
  afterEach(async () => {
    await killLeftProcesses();
    await Promise.all(opened.map((one) => one.close()));
    await rm(folder, { recursive: true });
  });

  const data = () => join(folder, 'data');

  function start(env: Readonly<Record<string, string>> = {}, dataFolder = data()): Promise<ProgramProcess> {
    return startProcess({ main: build.main, folder: dataFolder, env });
  }

  function connect(program: ProgramProcess): ProcessClient {
    const client = new ProcessClient(program);
    opened.push(client);
    return client;
  }

  async function startReady(env: Readonly<Record<string, string>> = {}): Promise<ProgramProcess> {
    const program = await start(env);
    await program.ready();
    return program;
  }

  /** Ends by itself with exit code 1; gives what it said, which must be all that it said. */
  async function refusal(env: Readonly<Record<string, string>>, dataFolder = data()): Promise<string> {
    const program = await start(env, dataFolder);
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output().stdout).toBe('');
    return program.output().stderr;
  }

  describe('when it cannot start', () => {
    it.each(['CONTROL_PORT', 'EDGE_PORT'])('and %s is taken, then one line says so and what to do', async (setting) => {
      const port = await freePort();
      const other = createServer().listen(port, '127.0.0.1');
      opened.push(other);
      await new Promise((resolve) => other.once('listening', resolve));
      const said = await refusal({ [setting]: String(port) });
      expect(said).toBe(
        `portcullis: 127.0.0.1:${port} is taken by another program; stop it, or set ${setting} to a free port\n`,
      );
      other.close();
      // The key of the first start was not wasted on a start that failed.
      expect(keysIn(await startReady())).toHaveLength(1);
    });

    it('and another process has the data folder, then one line says so, and the other one is none the worse', async () => {
      const first = await startReady({ ADMIN_API_KEY: processKey });
      const said = await refusal({});
      expect(said).toBe(
        `portcullis: the data folder ${data()} is in use by another process: stop that one, or choose another data folder\n`,
      );
      const client = connect(first);
      expect((await client.register({ email: 'ada@example.org', password: 'a password' })).status).toBe(201);
    });

    it('and there is a file in place of the data folder, then one line says so', async () => {
      await writeFile(data(), 'not a folder');
      const said = await refusal({});
      expect(said).toBe(`portcullis: the data folder ${data()} cannot be made: there is a file in its place\n`);
    });

    it('and the data folder cannot be made, then one line says so', async () => {
      // Nobody can, not even root, as whom the tests may run.
      const said = await refusal({}, '/sys/portcullis');
      expect(said).toMatch(/^portcullis: \/sys\/portcullis cannot be read and written by this process: .*\n$/);
    });

    it('and the data file cannot be opened, then one line says so', async () => {
      await mkdir(join(data(), 'portcullis.db'), { recursive: true });
      const said = await refusal({});
      expect(said).toMatch(/^portcullis: .*portcullis\.db cannot be read and written by this process: .*\n$/);
    });

    it('and settings are wrong, then each of them has a line, and no secret is repeated', async () => {
      const said = await refusal({
        ADMIN_API_KEY: 'too-short-secret',
        CONTROL_PORT: '99999',
        ACCESS_TOKEN_TTL: 'soon',
        UPSTREAM_URL: 'ftp://example.org',
        APP_ID: 'not an id',
        LOG_LEVEL: 'loud',
      });
      expect(said).toMatch(/^portcullis: the configuration is wrong:\n/);
      const named = [...said.matchAll(/^ {2}([A-Z_]+): .+$/gm)].map(([, name]) => name);
      expect(named.sort()).toEqual([
        'ACCESS_TOKEN_TTL',
        'ADMIN_API_KEY',
        'APP_ID',
        'CONTROL_PORT',
        'LOG_LEVEL',
        'UPSTREAM_URL',
      ]);
      expect(said.trim().split('\n')).toHaveLength(named.length + 1);
      expect(said).not.toContain('too-short-secret');
    });
  });

  describe('when it is started', () => {
    it('then the first start shows an admin key that works, and later ones never do', async () => {
      const first = await startReady();
      const keys = keysIn(first);
      expect(keys).toHaveLength(1);
      await expectAccepted(first, keys[0] ?? '');
      expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(keysIn(first)).toEqual(keys);

      const second = await startReady();
      expect(keysIn(second)).toEqual([]);
      await expectAccepted(second, keys[0] ?? '');
    });

    it('and ADMIN_API_KEY is set, then that key works and is printed nowhere', async () => {
      const program = await startReady({ ADMIN_API_KEY: processKey, LOG_LEVEL: 'trace' });
      await expectAccepted(program, processKey);
      await program.stop('SIGINT');
      const { stdout, stderr } = program.output();
      expect(stdout + stderr).not.toContain(processKey);
      expect(keysIn(program)).toEqual([]);
    });

    it('then nobody else on the machine can read what is in the data folder', async () => {
      const program = await startReady();
      expect((await stat(data())).mode & 0o777).toBe(0o700);
      const files = await readdir(data());
      expect(files).toContain('portcullis.db');
      for (const file of files) expect((await stat(join(data(), file))).mode & 0o077).toBe(0);
      await program.stop('SIGKILL');
    });
  });

  describe('when it is told to stop', () => {
    it.each([
      ['SIGINT', 'once'],
      // A terminal signals the whole group, and npm passes its own on.
      ['SIGINT', 'twice at once'],
      ['SIGTERM', 'once'],
    ] as const)('by %s, %s, then what is under way is answered first', async (signal, times) => {
      const upstream = await startSlowUpstream(700);
      opened.push(upstream);
      const program = await startReady({ ADMIN_API_KEY: processKey, UPSTREAM_URL: upstream.url });
      const token = await tokenFrom(program);
      const slow = throughEdge(program, '/slow', token);
      await eventually(() => upstream.came() === 1);
      // Passwords are hashed two at a time: when some are registered, the others have been taken and are under way.
      const client = connect(program);
      let answered = 0;
      const registering = Array.from({ length: 16 }, async (_, index) => {
        const { status } = await client.register({ email: `user-${index}@example.org`, password: 'a password' });
        answered += 1;
        return status;
      });
      await eventually(() => answered >= 2);
      expect(answered).toBeLessThan(16);
      const ended = program.stop(signal);
      if (times !== 'once') void program.stop(signal);
      const answer = await slow;
      expect([answer.status, await answer.text()]).toEqual([200, 'answered']);
      expect(await Promise.all(registering)).toEqual(registering.map(() => 201));
      expect(await ended).toEqual({ code: 0, signal: null });
    });

    it('then open connections and an endless answer do not hold it for 5 seconds', async () => {
      const upstream = await startSlowUpstream(0);
      opened.push(upstream);
      const program = await startReady({ ADMIN_API_KEY: processKey, UPSTREAM_URL: upstream.url });
      const token = await tokenFrom(program);
      // fetch keeps its connections to both ports open.
      await Promise.all(
        [program.controlUrl, program.edgeUrl].map(async (url) => (await fetch(`${url}/healthz`)).text()),
      );
      const stream = await throughEdge(program, '/stream', token);
      const reader = stream.body?.getReader();
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: one\n\n');
      const toldAt = performance.now();
      expect(await program.stop('SIGINT')).toEqual({ code: 0, signal: null });
      expect(performance.now() - toldAt).toBeLessThan(5_000);
      await reader?.read().catch(() => undefined);
    });

    it('then the next start finds everything as it was', async () => {
      const program = await startReady({ ADMIN_API_KEY: processKey });
      const token = await tokenFrom(program);
      await program.stop('SIGINT');
      const again = await startReady({ ADMIN_API_KEY: processKey });
      expect((await throughEdge(again, '/hello', token)).status).toBe(200);
    });
  });
});

/** Keys that the program has printed. */
function keysIn(program: ProgramProcess): string[] {
  const { stdout, stderr } = program.output();
  return (stdout + stderr).match(/pck_[\w-]+/g) ?? [];
}

async function expectAccepted(program: ProgramProcess, key: string): Promise<void> {
  const answer = await fetch(`${program.controlUrl}/v1/admin-keys`, { headers: { 'x-api-key': key } });
  expect(answer.status).toBe(200);
  await answer.text();
}

async function tokenFrom(program: ProgramProcess): Promise<string> {
  const client = new ProcessClient(program);
  const user = { email: 'ada@example.org', password: 'a password' };
  expect((await client.register(user)).status).toBe(201);
  const { body } = await client.signIn(user);
  await client.close();
  return body.access_token;
}

function throughEdge(program: ProgramProcess, path: string, token: string): Promise<Response> {
  return fetch(`${program.edgeUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
}
