import { LogUnavailable, type Positions } from '../event-log.js';
import type { Lane } from './lane.js';

interface Waiter {
  readonly ends: Positions;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Those who wait until the partitions of this process have been read to where they ended. */
export class Waiters {
  private readonly waiting = new Set<Waiter>();

  /** Resolves at the first `answer` with lanes that have all reached `ends`; rejects at `refuse`. */
  wait(ends: Positions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.add({ ends, resolve, reject });
    });
  }

  answer(lanes: readonly Lane[]): void {
    for (const waiter of this.waiting) {
      if (lanes.some((lane) => !lane.hasReached(waiter.ends.get(lane.partition) ?? 0))) continue;
      this.waiting.delete(waiter);
      waiter.resolve();
    }
  }

  refuse(): void {
    for (const { reject } of this.waiting) reject(stopped());
    this.waiting.clear();
  }
}

export function stopped(): LogUnavailable {
  return new LogUnavailable('the reading was stopped');
}
