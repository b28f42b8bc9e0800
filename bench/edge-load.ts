import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';

const run = promisify(execFile);

/** What one round of load came to. */
export interface Round {
  readonly requests: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Answers other than 200. */
  readonly refused: number;
}

/** Sends requests with the tokens in turn, on so many connections at a time. */
export interface Load {
  readonly name: 'wrk' | 'autocannon';
  round(url: string, seconds: number): Promise<Round>;
  close(): Promise<void>;
}

/** wrk where it is installed: it leaves the server more of the machine than a load generator in Node does. */
export async function openLoad(tokens: readonly string[], connections: number): Promise<Load> {
  const hasWrk = await run('wrk', ['--version']).then(
    () => true,
    // It prints its version and exits with 1.
    (error: { readonly code?: unknown }) => error.code !== 'ENOENT',
  );
  return hasWrk ? openWrk(tokens, connections) : openAutocannon(tokens, connections);
}

async function openWrk(tokens: readonly string[], connections: number): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const script = join(folder, 'tokens.lua');
  await writeFile(join(folder, 'tokens.txt'), tokens.join('\n'));
  await writeFile(script, luaScript(join(folder, 'tokens.txt')));
  return {
    name: 'wrk',
    async round(url, seconds) {
      const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, url];
      const { stdout } = await run('wrk', args);
      const line = /^result (\S+) (\S+) (\S+) (\S+)$/m.exec(stdout);
      if (line === null) throw new Error(`wrk said something else:\n${stdout}`);
      const [requests = 0, perSecond = 0, p99Ms = 0, refused = 0] = line.slice(1).map(Number);
      return { requests, perSecond, p99Ms, refused };
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** All requests are put together before the load begins, so that wrk only sends them. */
function luaScript(file: string): string {
  return `
local requests, at = {}, 0
function init(args)
  for token in io.lines(${JSON.stringify(file)}) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  print(string.format("result %d %.0f %.2f %d", summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000, errors))
end
`;
}

function openAutocannon(tokens: readonly string[], connections: number): Load {
  const requests = tokens.map((token) => ({ headers: { authorization: `Bearer ${token}` } }));
  return {
    name: 'autocannon',
    async round(url, seconds) {
      const result = await autocannon({ url, connections, duration: seconds, requests });
      return {
        requests: result.requests.total,
        perSecond: result.requests.average,
        p99Ms: result.latency.p99,
        refused: result.non2xx + result.errors,
      };
    },
    async close() {},
  };
}
