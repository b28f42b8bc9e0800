import type { IncomingMessage } from 'node:http';
import type { Metrics } from '#libs/platform';
import { credentialFaults, noVerdictReasons, tokenRejections, type Verdict } from './verdict.js';
import type { VerdictLog } from './verdict-log.js';

/** Counts a verdict, and writes its line. */
export type RecordVerdict = (verdict: Verdict, request: IncomingMessage) => void;

/** The labels are bound once, here: binding them costs more than counting. */
export function verdictRecorder(parts: { readonly log: VerdictLog; readonly metrics: Metrics }): RecordVerdict {
  const { log, metrics } = parts;
  const granted = metrics.verdicts.labels('granted', 'valid');
  const others = new Map(
    [
      ...[...credentialFaults, ...tokenRejections, 'revoked' as const].map((reason) => ['refused', reason] as const),
      ...noVerdictReasons.map((reason) => ['none', reason] as const),
    ].map(([outcome, reason]) => [reason, metrics.verdicts.labels(outcome, reason)] as const),
  );
  return (verdict, request) => {
    if (verdict.outcome === 'granted') granted.inc();
    else others.get(verdict.reason)?.inc();
    log.add(verdict, request);
  };
}
