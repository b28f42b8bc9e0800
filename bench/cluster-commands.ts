import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MongoDocuments, mongoSettings } from '#libs/documents/mongodb';
import { eventsCollection } from '#libs/event-store';
import { BareInserts } from './bare-inserts.js';
import { startApp } from './cluster-app.js';
import { openPlace } from './cluster-place.js';
import { Comparison } from './comparison.js';
import { ControlClient, dealt } from './control-client.js';
import { machine, say } from './figures.js';
import { growStreams } from './streams.js';

/**
 * Commands a second on cluster storage against bare inserts of the same event, acknowledged by a journaled majority, into
 * another database of the same server; and against such an insert after the one read that a decision needs. The
 * projector follows meanwhile. Rounds in turn, medians. `node dist/bench/cluster-commands.js [rounds] [commands a round]`
 */
const rounds = Number(process.argv[2] ?? 5);
const commandsARound = Number(process.argv[3] ?? 320);
const crowds = [1, 32];
/** The relay counts its backlog once a second, so it takes several looks to know. */
const [quietLooks, quietMs] = [4, 400];

const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
const adminKey = randomBytes(24).toString('base64url');
const place = openPlace({ ADMIN_API_KEY: adminKey, MONGODB_TIMEOUT: '30s' });
const documents = new MongoDocuments(mongoSettings(place.config));
const bareDocuments = new MongoDocuments({ ...mongoSettings(place.config), uri: place.mongoUri('bare') });
const { userIds, example } = await growStreams(documents, [{ length: 1, count: 32 }], { relayed: true });
const users = userIds.flat();
const bareEvents = await bareDocuments.collection(eventsCollection);
const bare = new BareInserts(bareEvents, example);

const commands = await startApp('commands', folder, place.env);
const projector = await startApp('projector', folder, place.env);
await Promise.all([commands.ready(), projector.ready()]);
const client = new ControlClient(commands.http, adminKey);

const figures = crowds.map((crowd) => ({
  crowd,
  comparison: new Comparison(
    () => afterRest(() => client.commands(dealt(users.slice(0, crowd), crowd), Math.ceil(commandsARound / crowd))),
    () => afterRest(() => bare.run(crowd, Math.ceil(commandsARound / crowd))),
  ),
}));
const cpuSeconds = () => commands.metric('process_cpu_seconds_total');
let cpuBefore = 0;
// The first round warms up.
for (let round = 0; round <= rounds; round += 1) {
  if (round === 1) cpuBefore = await cpuSeconds();
  for (const { comparison } of figures) await comparison.measure(round > 0);
}
const cpuMs = (1_000 * ((await cpuSeconds()) - cpuBefore)) / (crowds.length * rounds * commandsARound);

say(
  `${machine()}; revoke-sessions over HTTP, ${commandsARound} a round, the projector following; medians of ${rounds} rounds`,
);
for (const { crowd, comparison } of figures) {
  const { first, second, ratio } = comparison;
  const told = [`${Math.round(first)} commands/s`, `${Math.round(second)} bare inserts/s`, `ratio ${ratio.toFixed(2)}`];
  say(`  ${String(crowd).padStart(2)} at once: ${told.join(', ')}`);
}
say(`  a command is ${cpuMs.toFixed(2)} ms of the commands process' time on a processor, on average`);
say('  to be: a ratio of at least 0.7');
await Promise.all([commands.stop(), projector.stop(), documents.close(), bareDocuments.close()]);
await place.clear();
await rm(folder, { recursive: true });

/** Measures when relay and projector have nothing left to do: what an earlier round left is not to slow a later one. */
async function afterRest(measure: () => Promise<number>): Promise<number> {
  for (let quiet = 0; quiet < quietLooks; await setTimeout(quietMs)) {
    const [unsent, lag] = await Promise.all([
      commands.metric('portcullis_relay_backlog_events'),
      projector.metric('portcullis_projector_lag_events'),
    ]);
    quiet = unsent + lag === 0 ? quiet + 1 : 0;
  }
  return await measure();
}
