import { compareVerdicts } from './edge-comparison.js';

/**
 * A verdict of the edge, its log line included, against a bare Fastify route with the same headers and body: 2,000 tokens
 * in turn, each server in its own process, rounds in turn, medians. `node dist/bench/edge-verdict.js [rounds] [seconds]`
 */
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
await compareVerdicts(['bare', 'nest-route', 'controller', 'edge'], { rounds, seconds, connections: 64 });
