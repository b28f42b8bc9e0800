import { openPlace } from './cluster-place.js';
import { compareVerdicts } from './edge-comparison.js';

/**
 * The same as `edge-verdict.ts`, with an edge that asks a real Redis (`REDIS_URL`) on every request. With few connections that all
 * wait for their answers, edge and Redis take turns; with many, both work all the time.
 * `node dist/bench/cluster-verdict.js [rounds] [seconds]`
 */
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
const place = openPlace();
Object.assign(process.env, { REDIS_PREFIX: place.config.REDIS_PREFIX });
for (const connections of [64, 256]) {
  await compareVerdicts(['bare', 'edge', 'edge-redis'], { rounds, seconds, connections });
}
await place.clear();
