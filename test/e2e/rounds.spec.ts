import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { killLeftProcesses, startProcess } from '../support/process.js';
import { type Build, buildPrograms } from '../support/process-build.js';
import { ProcessClient, processKey } from '../support/process-client.js';

const rounds = 1_000;
/** Each goes through its rounds one after the other; more of them would only wait for the hashing of passwords. */
const lanes = 8;

/** Of how many rounds each of these was true. */
interface Tally {
  letInBefore: number;
  revoked: number;
  oldRefused: number;
  signedIn: number;
  newLetIn: number;
  oldStillRefused: number;
}

describe('given users who are revoked and sign in again as fast as it goes', () => {
  let build: Build;
  let folder: string;
  let client: ProcessClient;

  beforeAll(async () => {
    build = await buildPrograms();
    folder = await mkdtemp(join(tmpdir(), 'portcullis-rounds-'));
    const program = await startProcess({ main: build.main, folder, env: { ADMIN_API_KEY: processKey } });
    await program.ready();
    client = new ProcessClient(program);
  });

  afterAll(async () => {
    await client.close();
    await killLeftProcesses();
    await build.remove();
    await rm(folder, { recursive: true });
  });

  it('when it is done a thousand times, then the old token is refused and the new one let in each time', async () => {
    const tally: Tally = { letInBefore: 0, revoked: 0, oldRefused: 0, signedIn: 0, newLetIn: 0, oldStillRefused: 0 };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(`lane-${lane}@example.org`, tally)));
    expect(tally).toEqual({
      letInBefore: rounds,
      revoked: rounds,
      oldRefused: rounds,
      signedIn: rounds,
      newLetIn: rounds,
      oldStillRefused: rounds,
    });
  }, 240_000);

  async function runLane(email: string, tally: Tally): Promise<void> {
    const user = { email, password: 'a password' };
    const userId = (await client.register(user)).body.userId ?? '';
    let token = (await client.signIn(user)).body.access_token;
    for (let round = 0; round < rounds / lanes; round += 1) {
      const before = await client.verdict(token);
      const revoked = await client.change(userId, { name: 'revoke-sessions', key: null });
      // Both are sent in the moment in which the answer is here.
      const [refused, signedIn] = await Promise.all([client.verdict(token), client.signIn(user)]);
      const old = token;
      token = signedIn.body.access_token;
      const [letIn, still] = await Promise.all([client.verdict(token), client.verdict(old)]);
      tally.letInBefore += is(200, before);
      tally.revoked += is(200, revoked.status);
      tally.oldRefused += is(401, refused);
      tally.signedIn += is(200, signedIn.status);
      tally.newLetIn += is(200, letIn);
      tally.oldStillRefused += is(401, still);
    }
  }
});

function is(expected: number, status: number): 0 | 1 {
  return status === expected ? 1 : 0;
}
