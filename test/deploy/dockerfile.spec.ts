import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { settings } from '#libs/platform';
import { buildContext, dockerIgnore } from './build-context.js';
import { readDockerfile, stageNamed } from './dockerfile.js';
import { apps, portsOf } from './ports.js';

const repository = resolve(import.meta.dirname, '../..');
const stages = readDockerfile(readFileSync(resolve(repository, 'Dockerfile'), 'utf8'));
const context = buildContext(repository);

describe('given the Dockerfile', () => {
  it('then it has a target for each app, and the one without a name is standalone', () => {
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining([...apps]));
    expect(stages.at(-1)?.name).toBe('standalone');
  });

  it('then everything that it copies from the repository goes to the builder', () => {
    const copies = stages.flatMap(({ steps }) => steps).filter((step) => step.kind === 'copy');
    const sources = copies.filter(({ from }) => from === null).flatMap((step) => step.sources);
    expect(sources).toContain('apps');
    for (const source of sources) {
      const found = context.some((file) => file === source || file.startsWith(`${source}/`));
      expect({ source, found }).toEqual({ source, found: true });
    }
  });

  it('then the folders that the build script names are copied before it runs', () => {
    const script = readFileSync(resolve(repository, 'scripts/build.mjs'), 'utf8');
    const [, list = ''] = /^const sources = \[(.*)\];$/m.exec(script) ?? [];
    const sources = list.split(', ').map((name) => name.replaceAll("'", ''));
    expect(sources).toContain('apps');
    const copied = stageNamed(stages, 'build').steps.flatMap((step) => (step.kind === 'copy' ? step.sources : []));
    expect(copied).toEqual(expect.arrayContaining(['scripts', ...sources]));
  });
});

describe('given the build context', () => {
  it('then no test, no data, no secret and no history goes to the builder', () => {
    const allowed = /^(package(-lock)?\.json|\.npmrc|\.swcrc|LICENSE|(apps|libs|bench|scripts)\/.+)$/;
    expect(context.filter((file) => !allowed.test(file) || file.endsWith('.spec.ts'))).toEqual([]);
    const isIgnored = dockerIgnore(readFileSync(resolve(repository, '.dockerignore'), 'utf8'));
    for (const file of [
      '.env',
      '.git/config',
      'data/portcullis.db',
      'node_modules/a/index.js',
      'apps/node_modules/a.js',
    ]) {
      expect({ file, ignored: isIgnored(file) }).toEqual({ file, ignored: true });
    }
  });
});

describe.each(apps)('given the image of %s', (app) => {
  const stage = stageNamed(stages, app).settings;
  const ports = portsOf[app];

  it('then it starts the app with the options of npm start, and its main is there', () => {
    const { scripts } = JSON.parse(readFileSync(resolve(repository, 'package.json'), 'utf8'));
    const command = [...stage.entrypoint, ...stage.cmd].join(' ');
    expect(command).toBe(scripts.start.replace(/^.*exec /, '').replace('standalone', app));
    expect(existsSync(resolve(repository, `apps/${app}/main.ts`))).toBe(true);
  });

  it('then it runs as somebody who is not root, stops on SIGTERM, and listens on every address', () => {
    expect(stage.user).toBe('1000:1000');
    expect(stage.stopSignal).toBe('SIGTERM');
    expect(stage.env).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0' });
  });

  it('then its ports are those of the settings', () => {
    for (const [name, port] of ports) expect(settings[name].default).toBe(port);
    expect([...stage.expose].sort()).toEqual(ports.map(([, port]) => port).sort());
    expect(stage.healthcheck.join(' ')).toContain(`process.env.${ports[0][0]} || ${ports[0][1]}`);
  });

  it.each([
    { status: 200, healthy: true },
    { status: 503, healthy: false },
    { status: null, healthy: false },
  ])('when /healthz answers $status, then its health check says healthy: $healthy', async ({ status, healthy }) => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? (status ?? 500) : 404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const close = () => new Promise<unknown>((closed) => server.close(closed));
    if (status === null) await close();
    const [, ...args] = stage.healthcheck;
    const env = { PATH: process.env.PATH, [ports[0][0]]: String(port) };
    const checked = promisify(execFile)(process.execPath, args, { env }).then(
      () => true,
      () => false,
    );
    expect(await checked).toBe(healthy);
    if (status !== null) await close();
  });
});
