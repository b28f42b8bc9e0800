import { Redis } from 'ioredis';
import { OwnServers } from '../contract/own-servers.js';
import { type AppName, ClusterApp } from './cluster-app.js';
import { killLeftProcesses } from './process.js';
import { type Build, buildPrograms } from './process-build.js';
import { processKey } from './process-client.js';

export interface ClusterSettings {
  readonly commands?: number;
  readonly projectors?: number;
  readonly gateways?: number;
  /** For every app. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Servers of a suite's own, and every app on them as a process. */
export class Cluster {
  /** Set when it is being closed: whoever asks it in a loop gives up. */
  closed = false;
  readonly commands: ClusterApp[] = [];
  readonly projectors: ClusterApp[] = [];
  readonly gateways: ClusterApp[] = [];
  readonly topic = 'portcullis.user-events';
  readonly #redis: Redis;

  private constructor(
    readonly servers: OwnServers,
    private readonly build: Build,
    private readonly settings: ClusterSettings,
  ) {
    this.#redis = new Redis(servers.redisUrl, { lazyConnect: true, maxRetriesPerRequest: null });
    this.#redis.on('error', () => undefined);
  }

  /** Starts nothing yet. */
  static async make(settings: ClusterSettings = {}): Promise<Cluster> {
    const cluster = new Cluster(await OwnServers.make(), await buildPrograms(), settings);
    const { commands = 1, projectors = 1, gateways = 2 } = settings;
    await cluster.#add('commands', commands, cluster.commands);
    await cluster.#add('projector', projectors, cluster.projectors);
    await cluster.#add('gateway', gateways, cluster.gateways);
    return cluster;
  }

  get apps(): readonly ClusterApp[] {
    return [...this.commands, ...this.projectors, ...this.gateways];
  }

  /** Past every app, for a test that damages it. Waits while the server is away. */
  get redis(): Redis {
    return this.#redis;
  }

  /** Starts servers and apps, and resolves when every app is ready. */
  async start(): Promise<void> {
    await this.servers.start('kafka', 'mongo', 'redis');
    await Promise.all(this.apps.map((app) => app.start()));
    await this.ready();
  }

  async ready(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.ready()));
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#redis.disconnect();
    await killLeftProcesses();
    await this.build.remove();
    await this.servers.kill();
    await this.servers.wipe();
  }

  env(): Readonly<Record<string, string>> {
    return {
      PORTCULLIS_STORAGE: 'cluster',
      KAFKA_BROKERS: this.servers.kafkaBrokers,
      KAFKA_REPLICATION: '1',
      MONGODB_URI: this.servers.mongoUri,
      REDIS_URL: this.servers.redisUrl,
      TOKEN_ISSUER: 'http://portcullis.test',
      JWKS_URL: `${this.commands[0]?.url}/.well-known/jwks.json`,
      ADMIN_API_KEY: processKey,
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'warn',
      // Where the cores are shared, an answer may take a while without anything being wrong.
      MONGODB_TIMEOUT: '5s',
      REDIS_TIMEOUT: '1s',
      ...this.settings.env,
    };
  }

  async #add(name: AppName, count: number, to: ClusterApp[]): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      to.push(await ClusterApp.make(name, this.build, () => this.env()));
    }
  }
}
