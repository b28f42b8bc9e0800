import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Stage, Step } from './dockerfile.js';

interface Parts {
  readonly repository: string;
  /** Files of the repository that the builder is given. */
  readonly context: readonly string[];
  readonly stages: readonly Stage[];
  /** Where the stages' file systems are made. */
  readonly scratch: string;
  readonly say: (text: string) => void;
}

/**
 * Does the steps of every stage, each in a folder that stands for the root of its file system. Gives the folders by the
 * stages' names. A stage that goes on from another one without a step of its own has the same folder.
 */
export function buildStages(parts: Parts): ReadonlyMap<string, string> {
  const { repository, context, scratch, say } = parts;
  const contextFolder = join(scratch, 'context');
  for (const file of context) copy(join(repository, file), join(contextFolder, file));
  const roots = new Map<string, string>();
  for (const stage of parts.stages) {
    const earlier = roots.get(stage.from);
    if (earlier !== undefined && stage.steps.length > 0) throw new Error(`"${stage.name}" changes an earlier stage`);
    const root = earlier ?? join(scratch, stage.name);
    roots.set(stage.name, root);
    const workdir = join(root, stage.settings.workdir);
    mkdirSync(workdir, { recursive: true });
    for (const step of stage.steps) {
      say(`${stage.name}: ${inWords(step)}`);
      if (step.kind === 'run') run(step.command, workdir, stage.settings.env);
      else copyStep(step, step.from === null ? contextFolder : (roots.get(step.from) ?? ''), workdir);
    }
  }
  return roots;
}

function inWords(step: Step): string {
  if (step.kind === 'run') return `RUN ${step.command}`;
  return `COPY ${[...step.sources, step.to].join(' ')}${step.from === null ? '' : ` (from ${step.from})`}`;
}

/** There is no file system of the stage's own, so a step may only name what is below its folder. */
function run(command: string, cwd: string, env: Readonly<Record<string, string>>): void {
  if (/(^|\s)\//.test(command))
    throw new Error(`this step cannot be done by hand, it names an absolute path: ${command}`);
  execFileSync('sh', ['-c', command], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A file goes into the folder, a folder's content into the folder of that name. */
function copyStep(step: Extract<Step, { kind: 'copy' }>, from: string, workdir: string): void {
  const into = join(workdir, step.to);
  for (const source of step.sources) {
    const path = join(from, source);
    copy(path, statSync(path).isDirectory() ? into : join(into, basename(source)));
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  // As a clone by somebody with the usual umask has it.
  if (statSync(to).isFile()) chmodSync(to, 0o644);
}
