import { ConfigurationInvalid, readConfig } from '#libs/platform';
import { DemoImpossible } from './demo-impossible.js';
import { Person } from './person.js';
import { reachServers } from './servers.js';
import { play, type Scene } from './story.js';
import { tableOf } from './table.js';

const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Plays the story of one user against the running program: registers, signs in, disables, revokes, deletes, and asks the
 * edge all the while. Exits with 0 when every answer was the right one, and with 1 otherwise.
 */
try {
  const servers = await reachServers(readConfig(process.env), process.env);
  say(`\n  Portcullis at ${servers.controlUrl}, its edge at ${servers.edgeUrl}\n`);
  const person = new Person(servers);
  const scenes: Scene[] = [];
  try {
    for await (const scene of play(person, servers)) scenes.push(scene);
  } finally {
    await person.forget();
  }
  for (const line of tableOf(scenes)) say(`  ${line}`);
  const held = scenes.every((scene) => scene.asItShould);
  say('\n  A time below zero: the edge refused before the answer to the command was here.');
  say(held ? '  The story held.\n' : '  The story did NOT hold.\n');
  process.exit(held ? 0 : 1);
} catch (error) {
  const foreseen = error instanceof DemoImpossible || error instanceof ConfigurationInvalid;
  const text = error instanceof Error ? (foreseen ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`portcullis demo: ${text}\n`);
  process.exit(1);
}
