import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What a process counts and times, in Prometheus' terms. Labels are few and have few values. */
export interface Metrics {
  readonly registry: Registry;
  readonly verdicts: Counter<'outcome' | 'reason'>;
  readonly commands: Counter<'command' | 'outcome'>;
  /** From the append of an event to its being in the revocation set; `via` is `shortcut` or `log`. */
  readonly appendToEnforced: Histogram<'via'>;
  /** Entries of the log that a projection has not handled yet. */
  readonly projectorLag: Gauge<'projection'>;
  /** Events that a projection could not handle and set aside. */
  readonly parkedEvents: Counter<'projection'>;
  /** Events that the relay has not yet carried to the log. */
  readonly relayBacklog: Gauge;
  /** Seconds since the oldest of them was decided. */
  readonly relayBacklogAge: Gauge;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    verdicts: new Counter({
      name: 'portcullis_verdicts_total',
      help: 'Verdicts of the edge, by outcome (granted, refused, none) and reason',
      labelNames: ['outcome', 'reason'],
      registers,
    }),
    commands: new Counter({
      name: 'portcullis_commands_total',
      help: 'Commands, by name and outcome (fact, nothing-to-do, refused, conflict, failed)',
      labelNames: ['command', 'outcome'],
      registers,
    }),
    appendToEnforced: new Histogram({
      name: 'portcullis_append_to_enforced_seconds',
      help: 'From the append of an event to its being in the revocation set',
      labelNames: ['via'],
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    projectorLag: new Gauge({
      name: 'portcullis_projector_lag_events',
      help: 'Entries of the log that a projection has not handled yet',
      labelNames: ['projection'],
      registers,
    }),
    parkedEvents: new Counter({
      name: 'portcullis_parked_events_total',
      help: 'Events that a projection could not handle and set aside',
      labelNames: ['projection'],
      registers,
    }),
    relayBacklog: new Gauge({
      name: 'portcullis_relay_backlog_events',
      help: 'Events that the relay has not yet carried to the log (always 0 on embedded storage: append and log are one write)',
      registers,
    }),
    relayBacklogAge: new Gauge({
      name: 'portcullis_relay_backlog_age_seconds',
      help: 'Time since the oldest event that the relay has not yet carried to the log was decided',
      registers,
    }),
  };
}
