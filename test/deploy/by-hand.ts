import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildContext } from './build-context.js';
import { buildStages } from './build-stages.js';
import { checkContent } from './check-content.js';
import { checkRun } from './check-run.js';
import { readDockerfile, stageNamed } from './dockerfile.js';
import { apps } from './ports.js';

/** `by-hand.js <repository> <scratch folder>`, which test/deploy/dockerfile-by-hand calls. */
const [, , repository = '', scratch = ''] = process.argv;

const began = performance.now();
function say(text: string): void {
  process.stdout.write(`${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${text}\n`);
}

const context = buildContext(repository);
say(`build context: ${context.length} files`);
const stages = readDockerfile(readFileSync(join(repository, 'Dockerfile'), 'utf8'));
const roots = buildStages({ repository, context, stages, scratch, say });
for (const app of apps) {
  const stage = stageNamed(stages, app);
  const folder = join(roots.get(app) ?? '', stage.settings.workdir);
  if (app === apps[0]) say(checkContent(repository, folder));
  for (const seen of await checkRun(app, stage.settings, folder)) say(`${app}: ${seen}`);
}
say('the steps of the Dockerfile work, and each image runs');
