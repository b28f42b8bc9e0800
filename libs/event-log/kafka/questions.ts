import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { LogUnavailable } from '../event-log.js';
import { type Line, openLine } from './line.js';
import type { KafkaEventLogOptions, KafkaTimeouts } from './settings.js';
import { unavailable, within } from './unavailable.js';

const movedLeader: ReadonlySet<unknown> = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);
const leaderPauseMs = 100;

interface Connected {
  readonly admin: Admin;
  readonly line: Line;
}

/** Asks the cluster about topics, each question within a time limit. */
export class Questions {
  private connected: Connected | null = null;

  constructor(
    private readonly options: KafkaEventLogOptions,
    private readonly timeouts: KafkaTimeouts,
  ) {}

  /** @throws LogUnavailable naming `what` could not be done. */
  async ask<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + this.timeouts.requestMs;
    for (;;) {
      try {
        return await this.askOnce(what, question);
      } catch (error) {
        if (!isOfMovedLeader(error) || performance.now() >= giveUpAt) throw error;
        await pause(leaderPauseMs);
      }
    }
  }

  private async askOnce<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    this.connected ??= this.open();
    const { connected } = this;
    try {
      return await within(this.timeouts.requestMs, connectedFirst(connected.admin, question));
    } catch (error) {
      // Whatever is wrong with the connection is not worth finding out: the next question opens one anew.
      if (this.connected === connected) this.connected = null;
      connected.line.cut();
      throw unavailable(what, error, connected.line.lastComplaint());
    }
  }

  async close(): Promise<void> {
    const { connected } = this;
    this.connected = null;
    if (!connected) return;
    await within(this.timeouts.requestMs, connected.admin.disconnect()).catch(() => {});
    connected.line.cut();
  }

  private open(): Connected {
    const line = openLine(this.options, this.timeouts, this.options.logger);
    return { admin: line.kafka.admin(), line };
  }
}

/**
 * kafkajs' admin asks the broker that it knows as a partition's leader, and does not look again when that is another one
 * by now, as it is for a moment after a topic was made or a broker came back.
 */
function isOfMovedLeader(error: unknown): boolean {
  const cause = error instanceof LogUnavailable ? error.cause : null;
  return typeof cause === 'object' && cause !== null && 'type' in cause && movedLeader.has(cause.type);
}

/** Connecting does nothing when it is connected. */
async function connectedFirst<T>(admin: Admin, question: (admin: Admin) => Promise<T>): Promise<T> {
  await admin.connect();
  return question(admin);
}
