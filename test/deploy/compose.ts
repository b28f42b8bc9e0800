import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of the compose file, as far as it is looked at. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Reads the compose file with its variables filled in from `env`. @throws VariableMissing */
export function readCompose(file: URL, env: Readonly<Record<string, string>>): ComposeFile {
  const document: ComposeFile = parse(readFileSync(file, 'utf8'), (_key, value) => filledIn(value, env), {
    merge: true,
  });
  return document;
}

/** A variable that the compose file demands is not set. */
export class VariableMissing extends Error {
  readonly code = 'variable-missing';
}

/** `${NAME:-default}` and `${NAME:?message}` in a text, as Compose fills them in: after the YAML was read. */
function filledIn(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g, (_all, name: string, how: string, rest: string) => {
    const given = env[name];
    if (given !== undefined && given !== '') return given;
    if (how === '?') throw new VariableMissing(`${name}: ${rest}`);
    return how === '-' ? rest : '';
  });
}
