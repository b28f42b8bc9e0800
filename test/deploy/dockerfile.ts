/** One stage of a Dockerfile. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly from: string;
  /** What builds the stage, in order. */
  readonly steps: readonly Step[];
  /** What else is said of it: the last of each, the earlier stage's where it says nothing. */
  readonly settings: StageSettings;
}

export type Step =
  | { readonly kind: 'copy'; readonly from: string | null; readonly sources: readonly string[]; readonly to: string }
  | { readonly kind: 'run'; readonly command: string };

export interface StageSettings {
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly expose: readonly number[];
  readonly stopSignal: string | null;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

const nothing: StageSettings = {
  workdir: '/',
  env: {},
  user: null,
  expose: [],
  stopSignal: null,
  entrypoint: [],
  cmd: [],
  healthcheck: [],
};

/**
 * Reads as much of a Dockerfile as ours uses: commands in JSON form, no continued lines, ARG for the images alone.
 * @throws Error naming the line that it does not know.
 */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: Stage[] = [];
  for (const line of text.split('\n')) {
    const [, keyword = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (line.trim() === '' || line.startsWith('#') || (keyword === 'ARG' && stages.length === 0)) continue;
    if (keyword === 'FROM') {
      stages.push(openStage(rest, stages));
      continue;
    }
    const stage = stages.pop();
    if (!stage) throw new Error(`the Dockerfile says this before its first FROM: ${line}`);
    stages.push(withLine(stage, keyword, rest));
  }
  return stages;
}

/** Finds a stage by name. @throws Error when there is none. */
export function stageNamed(stages: readonly Stage[], name: string): Stage {
  const stage = stages.find((one) => one.name === name);
  if (!stage) throw new Error(`the Dockerfile has no stage "${name}"`);
  return stage;
}

function openStage(rest: string, earlier: readonly Stage[]): Stage {
  const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
  if (name === '') throw new Error(`a stage has no name: FROM ${rest}`);
  return { name, from, steps: [], settings: earlier.find((one) => one.name === from)?.settings ?? nothing };
}

function withLine(stage: Stage, keyword: string, rest: string): Stage {
  const set = (settings: Partial<StageSettings>) => ({ ...stage, settings: { ...stage.settings, ...settings } });
  const step = (one: Step) => ({ ...stage, steps: [...stage.steps, one] });
  switch (keyword) {
    case 'COPY':
      return step(copyOf(rest));
    case 'RUN':
      return step({ kind: 'run', command: rest });
    case 'WORKDIR':
      return set({ workdir: rest });
    case 'ENV':
      return set({ env: { ...stage.settings.env, ...Object.fromEntries(rest.split(' ').map(assignment)) } });
    case 'USER':
      return set({ user: rest });
    case 'EXPOSE':
      return set({ expose: rest.split(' ').map(Number) });
    case 'STOPSIGNAL':
      return set({ stopSignal: rest });
    case 'ENTRYPOINT':
      return set({ entrypoint: words(rest) });
    case 'CMD':
      return set({ cmd: words(rest) });
    case 'HEALTHCHECK':
      return set({ healthcheck: words(rest.replace(/^(--\S+ )*CMD /, '')) });
    default:
      throw new Error(`this line of the Dockerfile is not understood here: ${keyword} ${rest}`);
  }
}

function copyOf(rest: string): Step {
  const parts = rest.split(' ');
  const flag = parts[0]?.startsWith('--') ? parts.shift() : undefined;
  const from = flag === undefined ? null : /^--from=(\S+)$/.exec(flag)?.[1];
  const to = parts.pop();
  if (from === undefined || to === undefined) throw new Error(`this COPY is not understood here: ${rest}`);
  return { kind: 'copy', from, sources: parts, to };
}

function assignment(text: string): [string, string] {
  const [name = '', ...value] = text.split('=');
  return [name, value.join('=')];
}

function words(json: string): readonly string[] {
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) throw new Error(`this is not a command in JSON form: ${json}`);
  return list.map(String);
}
