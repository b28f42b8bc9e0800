import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { ProgramProcess } from './process.js';
import { ProcessClient } from './process-client.js';
import type { KnownUser } from './process-known-user.js';
import type { Contested } from './process-load.js';

/** The stream is what was acknowledged, no more and no less; dead tokens are refused and living ones let in. */
export async function checkUser(user: KnownUser, client: ProcessClient): Promise<void> {
  const stream = await client.events(user.id);
  expect(stream.map(({ id, type, version }) => ({ id, type, version }))).toEqual(user.events);
  await expectVerdicts(user.tokens('dead'), 401, client);
  await expectVerdicts(user.tokens('living'), 200, client);
}

/** Of commands that raced each acknowledged one is in the stream, at the version that it was told; and none twice. */
export async function checkContested({ id, events, tokens }: Contested, client: ProcessClient): Promise<void> {
  const stream = await client.events(id);
  expect(stream.map(({ version }) => version)).toEqual(stream.map((_, index) => index + 1));
  expect(new Map(stream.map((event) => [event.version, event.id]))).toEqual(events);
  for (const { token, version } of tokens) await expectVerdicts([token], version < events.size ? 401 : 200, client);
}

export async function expectVerdicts(tokens: readonly string[], status: number, client: ProcessClient): Promise<void> {
  const wrong: unknown[] = [];
  await Promise.all(
    tokens.map(async (token) => {
      const given = await client.verdict(token);
      if (given !== status) wrong.push({ given, claims: decodeJwt(token) });
    }),
  );
  expect(wrong).toEqual([]);
}

/** Shows dead tokens at the edge of a process that is starting, until it is stopped; gives the claims of what was let in. */
export function knockWhileStarting(program: ProgramProcess, dead: readonly string[]) {
  const client = new ProcessClient(program);
  const letIn: unknown[] = [];
  let stopped = false;
  const knocking = (async () => {
    for (let at = 0; !stopped && dead.length > 0; at += 1) {
      const token = dead[at % dead.length] ?? '';
      const status = await client.verdict(token).catch(() => null);
      if (status === 200) letIn.push(decodeJwt(token));
      if (status === null) await setTimeout(5);
    }
  })();
  return async (): Promise<unknown[]> => {
    stopped = true;
    await knocking;
    await client.close();
    return letIn;
  };
}
