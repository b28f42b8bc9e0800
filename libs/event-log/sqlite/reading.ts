import { setImmediate } from 'node:timers/promises';
import { type LogReader, LogUnavailable, type Reading } from '../event-log.js';
import { Bell } from './bell.js';
import { type LogTable, partition } from './table.js';
import type { Turns } from './turns.js';

const batchSize = 500;
const firstPauseMs = 10;
const longestPauseMs = 1000;

interface Waiter {
  readonly end: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One reader on its way through the log; see {@link Reading} for what it promises. */
export class SqliteReading implements Reading {
  /** Rung by commits, and by orders to start over or to stop. */
  readonly #news = new Bell();
  /** Rung by orders alone: they cut a pause short. */
  readonly #orders = new Bell();
  readonly #waiters = new Set<Waiter>();
  readonly #leave: () => void;
  readonly #unlisten: () => void;
  readonly #ended: Promise<void>;
  /** Where to read next; null until `startAt` has been asked. */
  #position: number | null = null;
  #restarts = 0;
  #mine = false;
  #stopped = false;

  constructor(
    private readonly table: LogTable,
    private readonly reader: LogReader,
    turns: Turns,
    private readonly onStop: () => void,
  ) {
    this.#unlisten = table.database.onCommit(table.collection, () => this.#news.ring());
    this.#leave = turns.take(reader.group, () => {
      this.#mine = true;
      this.#order();
    });
    this.#ended = this.#run();
  }

  async caughtUp(): Promise<void> {
    const end = await this.table.end();
    if (this.#stopped) throw stopped();
    if (!this.#mine) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.add({ end, resolve, reject });
      this.#answerWaiters();
    });
  }

  /** Does not wait for a call of `handle` that is under way, so that `handle` itself may ask for it. */
  async restart(): Promise<void> {
    this.#restarts += 1;
    this.#position = null;
    this.#order();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#order();
    await this.#ended;
  }

  #order(): void {
    this.#orders.ring();
    this.#news.ring();
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#stopped) {
      this.#orders.quiet();
      this.#news.quiet();
      try {
        await this.#step();
        pauseMs = firstPauseMs;
      } catch (error) {
        this.reader.onTrouble(error);
        if (this.#stopped) break;
        await this.#orders.rung(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
    this.#unlisten();
    this.#leave();
    for (const waiter of this.#waiters) waiter.reject(stopped());
    this.#waiters.clear();
    this.onStop();
  }

  async #step(): Promise<void> {
    if (!this.#mine) return this.#news.rung();
    const position = this.#position;
    if (position === null) return this.#start();
    const { entries, end } = await this.table.stretch(position, batchSize);
    const last = entries.at(-1);
    // An order came meanwhile: the next step follows it.
    if (this.#stopped || this.#position !== position) return;
    if (last === undefined) {
      // There is nothing up to the end, and nothing will ever be put there.
      this.#moveTo(Math.max(position, end));
      return this.#news.rung();
    }
    const next = last.offset + 1;
    await this.reader.handle({ partition, entries, next, end });
    if (this.#position === position) this.#moveTo(next);
    // A handler that never waits would otherwise keep the event loop for the whole of a replay.
    await setImmediate();
  }

  async #start(): Promise<void> {
    const restarts = this.#restarts;
    const start = await this.reader.startAt(partition);
    if (restarts === this.#restarts) this.#moveTo(start ?? 0);
  }

  #moveTo(position: number): void {
    this.#position = position;
    this.#answerWaiters();
  }

  #answerWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#position === null || this.#position < waiter.end) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function stopped(): LogUnavailable {
  return new LogUnavailable('the reading was stopped');
}
