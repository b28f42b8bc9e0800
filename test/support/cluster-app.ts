import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { eventually } from './eventually.js';
import { type Ending, type ProgramProcess, startProcess } from './process.js';
import type { Build } from './process-build.js';
import { freePort } from './process-ports.js';

export type AppName = 'commands' | 'projector' | 'gateway';

const portSettings = { commands: 'CONTROL_PORT', projector: 'PROJECTOR_PORT', gateway: 'EDGE_PORT' } as const;

/** What `/readyz` says. */
export interface Readiness {
  readonly status: number;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly why?: string }[];
}

/** One app of a cluster, on a port that it keeps however often it is killed and started. */
export class ClusterApp {
  #process: ProgramProcess | null = null;

  private constructor(
    readonly name: AppName,
    readonly port: number,
    private readonly build: Build,
    /** Asked at each start. */
    private readonly env: () => Readonly<Record<string, string>>,
  ) {}

  static async make(name: AppName, build: Build, env: () => Readonly<Record<string, string>>): Promise<ClusterApp> {
    return new ClusterApp(name, await freePort(), build, env);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Does not wait until it is ready. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#process = await startProcess({
      main: resolve(this.build.main, `../../${this.name}/main.js`),
      folder: tmpdir(),
      env: { ...this.env(), [portSettings[this.name]]: String(this.port), ...env },
    });
  }

  /** Rejects when it ends before, or is not ready in time. */
  async ready(withinMs = 90_000): Promise<void> {
    const ending = this.ended.then(({ code }) => {
      const { stdout, stderr } = this.output();
      throw new Error(`${this.name} ended with ${code} before it was ready:\n${stderr}${stdout}`);
    });
    await Promise.race([ending, eventually(async () => (await this.readiness()).status === 200, withinMs)]);
    ending.catch(() => undefined);
  }

  /** Rejects when nothing answers. */
  async readiness(): Promise<Readiness> {
    const answer = await fetch(`${this.url}/readyz`);
    return { checks: [], ...JSON.parse(await answer.text()), status: answer.status };
  }

  async healthy(): Promise<boolean> {
    return (await fetch(`${this.url}/healthz`)).status === 200;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  get ended(): Promise<Ending> {
    return this.#started().ended;
  }

  /** Of the process that was started last. */
  output(): { readonly stdout: string; readonly stderr: string } {
    return this.#started().output();
  }

  /** Its log lines, by the message. */
  said(message: string): Record<string, unknown>[] {
    const lines = this.output().stdout.split('\n');
    return lines.filter((line) => line.startsWith('{') && line.includes(message)).map((line) => JSON.parse(line));
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await this.#process?.stop(signal);
  }

  #started(): ProgramProcess {
    if (this.#process === null) throw new Error(`${this.name} was not started`);
    return this.#process;
  }
}
