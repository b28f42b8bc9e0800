const firstPauseMs = 10;
const longestPauseMs = 1_000;

/** One partition of this process, and how far its reader has come. */
export class Lane {
  /** Where to read next; null until the reader has said where to start. */
  position: number | null = null;
  /** Counts the starts, so that what belongs to an earlier one can be told. */
  round = 0;
  private pauseMs = firstPauseMs;

  constructor(readonly partition: number) {}

  /** Forgets the position; the reader is asked again. */
  startOver(): number {
    this.position = null;
    this.round += 1;
    return this.round;
  }

  /** What was before it has been handled. */
  moveTo(position: number): void {
    this.position = position;
    this.pauseMs = firstPauseMs;
  }

  hasReached(end: number): boolean {
    return this.position !== null && this.position >= end;
  }

  /** How long to wait after a failure: longer each time. */
  nextPause(): number {
    const { pauseMs } = this;
    this.pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    return pauseMs;
  }
}
