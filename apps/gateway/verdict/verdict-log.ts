import { type DestinationStream, pino } from 'pino';
import type { Logger } from '#libs/platform';
import type { Verdict } from './verdict.js';

/** Writes one line for each verdict, as pino would, at level `info`. */
export interface VerdictLog {
  add(verdict: Verdict, request: { readonly method?: string | undefined; readonly url?: string | undefined }): void;
  /** Hands on what has gathered. */
  flush(): void;
}

const level = 30;
const mostPathChars = 512;
/** Lines gather up to this many characters, or this long, whichever comes first. */
const gatherChars = 16 * 1024;
const gatherMs = 50;

/**
 * The lines are put together here, and go to the logger's own stream many at a time: a call of pino for each, with its
 * search for secrets, would cost half as much again as the verdict (docs/performance.md). They hold no
 * secret: of the path nothing after the `?`, and of the token only whose it is.
 */
export function verdictLog(logger: Logger): VerdictLog {
  const stream: DestinationStream = Reflect.get(logger, pino.symbols.streamSym);
  let gathered = '';
  let timer: NodeJS.Timeout | null = null;
  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (gathered === '') return;
    const lines = gathered;
    gathered = '';
    stream.write(lines);
  };
  return {
    add(verdict, { method = '', url = '' }) {
      if (!logger.isLevelEnabled('info')) return;
      gathered += lineOf(verdict, method, url);
      if (gathered.length >= gatherChars) flush();
      else timer ??= setTimeout(flush, gatherMs);
    },
    flush,
  };
}

/** The members before the verdict's own are those of every line of `createLogger`. */
function lineOf(verdict: Verdict, method: string, url: string): string {
  const granted = verdict.outcome === 'granted';
  const reason = verdict.outcome === 'granted' ? 'valid' : verdict.reason;
  const subject = 'token' in verdict ? JSON.stringify(verdict.token.userId) : 'null';
  const path = JSON.stringify(pathOf(url));
  return `{"level":${level},"time":${Date.now()},"granted":${granted},"reason":"${reason}","subject":${subject},"method":"${method}","path":${path},"msg":"verdict"}\n`;
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  const end = Math.min(query === -1 ? target.length : query, mostPathChars);
  return end === target.length ? target : target.slice(0, end);
}
