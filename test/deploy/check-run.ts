import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/process-ports.js';
import type { StageSettings } from './dockerfile.js';
import { type App, portsOf } from './ports.js';

/** Servers that are not there: an app must live without them, and say that it is not ready. */
const absentServers = {
  PORTCULLIS_STORAGE: 'cluster',
  KAFKA_BROKERS: '127.0.0.1:1',
  MONGODB_URI: 'mongodb://127.0.0.1:1/portcullis',
  REDIS_URL: 'redis://127.0.0.1:1',
  JWKS_URL: 'http://127.0.0.1:1/.well-known/jwks.json',
};

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/**
 * Starts an image's program in its folder as the image's user, with the image's environment, asks its health as the image
 * does, and stops it with the image's signal. Gives what was seen; throws what is wrong.
 */
export async function checkRun(app: App, image: StageSettings, folder: string): Promise<readonly string[]> {
  const ports = await Promise.all(portsOf[app].map(async ([name]) => [name, await freePort()] as const));
  const env = {
    ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
    ...image.env,
    ...(app === 'standalone' ? {} : absentServers),
    ...Object.fromEntries(ports.map(([name, port]) => [name, String(port)])),
  };
  const who = identity(image);
  const start = (command: readonly string[]): Started => begin(command, { ...who, cwd: folder, env });
  const program = start([...image.entrypoint, ...image.cmd]);
  const seen: string[] = [];
  try {
    await eventually(() => isHealthy(() => start(image.healthcheck), program), 20_000);
    seen.push(`lives, as user ${userOf(program)}; its health check says so`);
    const ready = app === 'standalone' ? 200 : 503;
    for (const [name, port] of ports) {
      await eventually(async () => (await statusOf(port, '/readyz')) === ready);
      const healthz = await statusOf(port, '/healthz');
      if (healthz !== 200) throw new Error(`${name}: /healthz answers ${healthz}`);
      seen.push(`${name}: /healthz 200, /readyz ${ready}`);
    }
    seen.push(await stop(program, image.stopSignal));
    return seen;
  } catch (error) {
    program.child.kill('SIGKILL');
    throw new Error(`${app}: ${error instanceof Error ? error.message : String(error)}\n${program.output()}`);
  }
}

function identity({ user }: StageSettings): { readonly uid: number; readonly gid: number } {
  const [uid = 0, gid = 0] = (user ?? '').split(':').map(Number);
  if (!(uid > 0 && gid > 0)) throw new Error(`the image's user is not a number, or root: ${user}`);
  return { uid, gid };
}

function begin(
  command: readonly string[],
  options: { uid: number; gid: number; cwd: string; env: NodeJS.ProcessEnv },
): Started {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  return { child, output: () => text };
}

/** Asks as the image does. @throws Error when the program has ended. */
async function isHealthy(check: () => Started, program: Started): Promise<boolean> {
  if (program.child.exitCode !== null) return true;
  const [code] = await once(check().child, 'close');
  return code === 0;
}

function userOf({ child }: Started): number {
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const [, uid = ''] = /^Uid:\t(\d+)/m.exec(status) ?? [];
  if (Number(uid) === 0) throw new Error('it runs as root');
  return Number(uid);
}

async function statusOf(port: number, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}

async function stop({ child }: Started, signal: string | null): Promise<string> {
  const began = performance.now();
  const closed = once(child, 'close');
  if (signal !== 'SIGTERM') throw new Error(`the image stops on ${signal}`);
  child.kill(signal);
  const [code, by] = await Promise.race([closed, once(AbortSignal.timeout(8_000), 'abort').then(() => ['late', null])]);
  if (code !== 0 && by !== signal) throw new Error(`on ${signal} it ended with ${code ?? by}`);
  return `${signal} ended it after ${Math.round(performance.now() - began)} ms, ${code === 0 ? 'in order' : 'at once'}`;
}
