import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Config, readConfig, requireCluster, secretSettings, settings } from '#libs/platform';
import { readCompose, type Service, VariableMissing } from './compose.js';
import { readDockerfile, stageNamed } from './dockerfile.js';
import { apps, portsOf } from './ports.js';

const file = new URL('../../docker-compose.yml', import.meta.url);
const key = 'a-key-for-the-compose-file-0123456789';
const { services, volumes } = readCompose(file, { ADMIN_API_KEY: key });
const stages = readDockerfile(readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8'));

/** Who runs which app, and what each of them cannot do without on cluster storage. */
const ours = {
  commands: { app: 'commands', needs: ['KAFKA_BROKERS', 'MONGODB_URI', 'REDIS_URL', 'ADMIN_API_KEY'] },
  projector: { app: 'projector', needs: ['KAFKA_BROKERS', 'MONGODB_URI', 'REDIS_URL'] },
  'edge-1': { app: 'gateway', needs: ['REDIS_URL', 'JWKS_URL'] },
  'edge-2': { app: 'gateway', needs: ['REDIS_URL', 'JWKS_URL'] },
} as const satisfies Readonly<Record<string, { app: keyof typeof portsOf; needs: readonly (keyof Config)[] }>>;

const ourNames = ['commands', 'projector', 'edge-1', 'edge-2'] as const;
const servers = ['kafka', 'mongodb', 'redis'] as const;

function service(name: string): Service {
  const found = services[name];
  if (!found) throw new Error(`the compose file has no service "${name}"`);
  return found;
}

function configOf(name: string): Config {
  const { environment = {}, build } = service(name);
  const { env } = stageNamed(stages, build?.target ?? '').settings;
  return readConfig({ ...env, ...Object.fromEntries(Object.entries(environment).map(([n, v]) => [n, String(v)])) });
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

describe('given the compose file', () => {
  it('then it has the three servers, and the apps with two edges', () => {
    expect(Object.keys(services).sort()).toEqual([...ourNames, ...servers].sort());
  });

  it('when the admin key is not set, then it is refused and says what is missing', () => {
    expect(() => readCompose(file, {})).toThrow(VariableMissing);
    expect(() => readCompose(file, {})).toThrow(/ADMIN_API_KEY: .*24 characters/);
  });

  it('then no secret is written in it', () => {
    const text = readFileSync(file, 'utf8');
    for (const secret of ['ADMIN_API_KEY', 'KAFKA_PASSWORD', 'REDIS_SENTINEL_PASSWORD']) {
      expect(secretSettings.has(secret)).toBe(true);
      expect(text).not.toMatch(new RegExp(`^ *${secret}: (?!\\$\\{)`, 'm'));
    }
    expect(text).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
  });

  it('then every port is open to this machine alone, and none twice', () => {
    const open = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(open.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(open.map((port) => port.split(':')[1]).sort()).toEqual(['7300', '7301', '7310']);
  });

  it('then each service waits for services that are there, until they are healthy', () => {
    for (const { depends_on = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy');
        const { build, healthcheck } = service(name);
        const check = build ? stageNamed(stages, build.target).settings.healthcheck : healthcheck?.test;
        expect(check?.length).toBeGreaterThan(0);
      }
    }
  });
});

describe.each(ourNames)('given the service %s', (name) => {
  const { app, needs } = ours[name];
  const { build, environment = {}, ports = [] } = service(name);

  it('then it is built from the Dockerfile, as the target of its app', () => {
    expect(build).toEqual({ context: '.', target: app });
    expect(apps).toContain(app);
  });

  it('then it sets nothing that the configuration does not know', () => {
    expect(Object.keys(environment).filter((variable) => !(variable in settings))).toEqual([]);
  });

  it('then the configuration accepts its environment, and nothing that the app needs is missing', () => {
    const config = configOf(name);
    expect(() => requireCluster(config, needs)).not.toThrow();
    expect(config.HOST).toBe('0.0.0.0');
  });

  it('then the ports that it opens are those on which the app listens', () => {
    const config = configOf(name);
    const listening = portsOf[app].map(([setting]) => String(config[setting]));
    for (const port of ports) expect(listening).toContain(port.split(':').at(-1));
  });

  it('then every server that it names is a service, under the port on which that listens', () => {
    const config = configOf(name);
    expect(hostOf(config.REDIS_URL)).toBe('redis');
    if (app === 'gateway') expect(config.JWKS_URL).toBe('http://commands:7301/.well-known/jwks.json');
    else expect([config.KAFKA_BROKERS, hostOf(config.MONGODB_URI)]).toEqual([['kafka:9092'], 'mongodb']);
  });
});

describe('given all apps of the compose file', () => {
  it('then they agree on what they must agree on', () => {
    const agreed = ourNames.map(configOf).map((config) => ({
      app: config.APP_ID,
      issuer: config.TOKEN_ISSUER,
      audience: config.TOKEN_AUDIENCE,
      prefix: config.REDIS_PREFIX,
      skew: config.CLOCK_SKEW,
      lives: [config.ACCESS_TOKEN_TTL, config.REFRESH_TOKEN_TTL],
    }));
    for (const one of agreed) expect(one).toEqual(agreed[0]);
  });
});

describe.each(servers)('given the server %s', (name) => {
  const { image, volumes: mounted = [], healthcheck } = service(name);

  it('then its image has a version, and it has a health check and a volume', () => {
    expect(image).toMatch(/^[a-z]+(\/[a-z]+)?:\d+(\.\d+)*$/);
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
    expect(mounted.length).toBeGreaterThan(0);
    for (const volume of mounted) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
  });
});

describe('given the servers of the compose file', () => {
  it('then Redis never throws an entry away', () => {
    expect(service('redis').command?.join(' ')).toContain('--maxmemory-policy noeviction');
  });

  it('then MongoDB is the replica set that the apps ask for', () => {
    const { command = [], healthcheck } = service('mongodb');
    const name = new URL(configOf('commands').MONGODB_URI).searchParams.get('replicaSet');
    expect(command[command.indexOf('--replSet') + 1]).toBe(name);
    expect(healthcheck?.test.at(-1)).toContain(`rs.initiate({ _id: '${name}'`);
  });

  it('then Kafka makes no topic by itself, and tells its clients an address that they know', () => {
    const { environment = {} } = service('kafka');
    expect(environment.KAFKA_AUTO_CREATE_TOPICS_ENABLE).toBe('false');
    expect(environment.KAFKA_ADVERTISED_LISTENERS).toBe(`PLAINTEXT://${configOf('commands').KAFKA_BROKERS[0]}`);
  });
});
