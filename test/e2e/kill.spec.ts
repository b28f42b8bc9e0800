import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { killLeftProcesses, type ProgramProcess, startProcess } from '../support/process.js';
import { type Build, buildPrograms } from '../support/process-build.js';
import { checkContested, checkUser, expectVerdicts, knockWhileStarting } from '../support/process-check.js';
import { ProcessClient, processKey } from '../support/process-client.js';
import { type Contested, LoadClient } from '../support/process-load.js';
import { Chance } from '../support/process-random.js';
import { settleCutOff } from '../support/process-repair.js';

const kills = 20;
const clients = 6;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

describe('given a program that is killed under load again and again', () => {
  const chance = new Chance(seed);
  let build: Build;
  let folder: string;
  let program: ProgramProcess;
  let client: ProcessClient;

  beforeAll(async () => {
    build = await buildPrograms();
    folder = await mkdtemp(join(tmpdir(), 'portcullis-kill-'));
  });

  afterAll(async () => {
    await killLeftProcesses();
    await build.remove();
    await rm(folder, { recursive: true });
  });

  it(`when it is started again, then nothing acknowledged is lost and no dead token is let in (SEED=${seed})`, async () => {
    await startAndKnock([]);
    const contested = await registerContested();
    const loads = Array.from({ length: clients }, (_, index) => {
      return new LoadClient(`${index}`, new Chance(chance.whole(0, 2 ** 32)), contested);
    });
    const dead = () => loads.flatMap((load) => load.users.flatMap((user) => user.tokens('dead')));
    let killed = 0;
    for (; killed < kills; killed += 1) {
      await signInContested(contested);
      await killUnderLoad(loads);
      if (chance.oneIn(5)) await killWhileStarting(dead());
      await startAndKnock(dead());
      await expectVerdicts(dead(), 401, client);
      for (const load of loads) await settleCutOff(load, contested, client);
      await Promise.all(loads.flatMap((load) => load.users.map((user) => checkUser(user, client))));
      await checkContested(contested, client);
      expect(program.output().stdout).not.toContain('"level":50');
    }
    const events = loads.flatMap((load) => load.users.flatMap((user) => user.events)).length + contested.events.size;
    process.stdout.write(
      `SEED=${seed}: killed ${killed} times under load; ${events} events, ${dead().length} dead tokens\n`,
    );
    expect(killed).toBe(kills);
  }, 300_000);

  async function killUnderLoad(loads: readonly LoadClient[]): Promise<void> {
    let isKilled = false;
    const running = Promise.all(loads.map((load) => load.run(client, () => isKilled)));
    await Promise.race([running, setTimeout(chance.whole(50, 600))]);
    isKilled = true;
    await program.stop('SIGKILL');
    await running;
    await client.close();
  }

  async function killWhileStarting(dead: readonly string[]): Promise<void> {
    program = await start();
    const stopKnocking = knockWhileStarting(program, dead);
    await setTimeout(chance.whole(0, 600));
    await program.stop('SIGKILL');
    expect(await stopKnocking()).toEqual([]);
  }

  async function startAndKnock(dead: readonly string[]): Promise<void> {
    program = await start();
    const stopKnocking = knockWhileStarting(program, dead);
    await program.ready();
    client = new ProcessClient(program);
    expect(await stopKnocking()).toEqual([]);
  }

  function start(): Promise<ProgramProcess> {
    return startProcess({ main: build.main, folder, env: { ADMIN_API_KEY: processKey } });
  }

  async function registerContested(): Promise<Contested> {
    const user = { email: 'contested@example.org', password: 'a password' };
    const { body } = await client.register(user);
    return { id: body.userId ?? '', ...user, events: new Map([[1, body.events[0]?.id ?? '']]), tokens: [] };
  }

  async function signInContested(contested: Contested): Promise<void> {
    const { body } = await client.signIn(contested);
    contested.tokens.push({ token: body.access_token, version: contested.events.size });
  }
});
