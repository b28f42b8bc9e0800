import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startProgram } from '../support/program.js';
import { Client } from '../support/program-client.js';

describe('given a user who was deleted', () => {
  it('when the program was stopped, then no file of the data folder holds the address any more', async () => {
    const program = await startProgram();
    const client = new Client(program);
    const user = await client.register();
    const holding = () =>
      readdirSync(program.folder).filter((name) => readFileSync(join(program.folder, name)).includes(user.email));
    expect(holding()).not.toEqual([]);
    await client.delete(user.id);
    await eventually(async () => (await client.get(user.id)).body.email === null);
    await program.stop();
    expect(holding()).toEqual([]);
    await program.close();
  });
});
