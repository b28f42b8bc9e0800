import { setTimeout as pause } from 'node:timers/promises';

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** Pauses that grow from failure to failure, and that a signal ends. */
export class Backoff {
  private pauseMs = firstPauseMs;

  constructor(private readonly signal: AbortSignal) {}

  /** Whether the last try failed. */
  get failing(): boolean {
    return this.pauseMs > firstPauseMs;
  }

  reset(): void {
    this.pauseMs = firstPauseMs;
  }

  async wait(): Promise<void> {
    const { pauseMs } = this;
    this.pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    await pause(pauseMs, undefined, { signal: this.signal }).catch(() => {});
  }
}
