import { Pool } from 'undici';
import type { Config } from '#libs/platform';
import { call } from './call.js';
import { DemoImpossible } from './demo-impossible.js';

/** The running program, as the demo reaches it. */
export interface Servers {
  readonly app: string;
  readonly controlUrl: string;
  readonly edgeUrl: string;
  readonly control: Pool;
  readonly edge: Pool;
  /** The admin key. */
  readonly key: string;
}

/**
 * Finds the program where its configuration says that it is, and the admin key in KEY or ADMIN_API_KEY.
 * @throws DemoImpossible when the program does not run or is not ready, or the key is missing or not known.
 */
export async function reachServers(config: Config, env: NodeJS.ProcessEnv): Promise<Servers> {
  const controlUrl = urlOf(config.HOST, config.CONTROL_PORT);
  const edgeUrl = urlOf(config.HOST, config.EDGE_PORT);
  const servers = { app: config.APP_ID, controlUrl, edgeUrl, control: new Pool(controlUrl), edge: new Pool(edgeUrl) };
  for (const [pool, url] of [[servers.control, controlUrl] as const, [servers.edge, edgeUrl] as const]) {
    await mustBeReady(pool, url);
  }
  const key = env.KEY || env.ADMIN_API_KEY;
  if (!key) {
    throw new DemoImpossible(
      'the demo needs the admin key, which npm start printed at its first start:  KEY=pck_... npm run demo',
    );
  }
  const { status } = await call(servers.control, { method: 'GET', path: '/v1/users?limit=1', bearer: key });
  if (status === 401) {
    throw new DemoImpossible(
      `the program at ${controlUrl} does not know this admin key; use the one that npm start printed at its first start, or start it once with ADMIN_API_KEY set`,
    );
  }
  if (status !== 200) throw new DemoImpossible(`the control API at ${controlUrl} answers ${status}; look at its log`);
  return { ...servers, key };
}

async function mustBeReady(pool: Pool, url: string): Promise<void> {
  const answer = await call<{ readonly status?: string } | null>(pool, { method: 'GET', path: '/readyz' }).catch(
    () => null,
  );
  if (answer === null) {
    throw new DemoImpossible(
      `Portcullis does not run at ${url}: type npm start in another terminal, and this again (with the same settings)`,
    );
  }
  if (answer.status !== 200 || answer.body?.status !== 'ready') {
    throw new DemoImpossible(`what runs at ${url} is not Portcullis, or is not ready yet: GET ${url}/readyz tells why`);
  }
}

function urlOf(host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
