import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';
import { freePort } from './process-ports.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built program as a process of its own. */
export interface ProgramProcess {
  readonly controlUrl: string;
  readonly edgeUrl: string;
  readonly ended: Promise<Ending>;
  /** What it wrote on stdout and stderr until now. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves when both ports say that they are ready and the banner is out; rejects when it ends before. */
  ready(): Promise<void>;
  /** Sends a signal and resolves when the process has ended. */
  stop(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<Ending>;
}

export interface ProcessSettings {
  /** The script, of {@link buildPrograms}. */
  readonly main: string;
  readonly folder: string;
  /** Beside PATH, the folder and the ports, which are chosen. */
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ProgramProcess>();

/** Starts the program and does not wait for it. */
export async function startProcess({ main, folder, env = {} }: ProcessSettings): Promise<ProgramProcess> {
  const ports = { CONTROL_PORT: String(await freePort()), EDGE_PORT: String(await freePort()), ...env };
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORTCULLIS_DATA: folder, LOG_LEVEL: 'error', ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  let ending: Ending | null = null;
  const ended = once(child, 'close').then(([code, signal]) => {
    ending = { code, signal };
    running.delete(program);
    return ending;
  });
  const program: ProgramProcess = {
    controlUrl: `http://127.0.0.1:${ports.CONTROL_PORT}`,
    edgeUrl: `http://127.0.0.1:${ports.EDGE_PORT}`,
    ended,
    output: () => ({ ...written }),
    ready: async () => {
      await eventually(async () => {
        if (ending !== null) return true;
        return written.stdout.includes('Portcullis is up.') && (await saysReady(program));
      }, 25_000);
      if (ending !== null) throw new Error(`the program ended before it was ready:\n${written.stderr}`);
    },
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
  running.add(program);
  return program;
}

/** Kills every process that a test has left running. */
export async function killLeftProcesses(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop('SIGKILL')));
}

async function saysReady({ controlUrl, edgeUrl }: ProgramProcess): Promise<boolean> {
  const answers = await Promise.all([controlUrl, edgeUrl].map((url) => fetch(`${url}/readyz`)));
  return answers.every((answer) => answer.ok);
}
