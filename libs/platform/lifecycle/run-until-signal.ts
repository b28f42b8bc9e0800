/** A program that runs and can be stopped in order. */
export interface Running {
  close(): Promise<void>;
}

const drainWithinMs = 4_500;
/** A terminal signals the whole group, and npm passes on what it got: one Ctrl-C arrives twice. */
const sameSignalMs = 1_000;

/**
 * Waits for SIGINT or SIGTERM, closes the program and exits with 0; after 4.5 seconds, or at a second signal a
 * second later, it exits without waiting any longer. What was acknowledged is on the disk either way.
 */
export function stopOnSignal(program: Running, onStopping: (signal: string) => void): void {
  let stoppingSince: number | null = null;
  const stop = (signal: string) => {
    const now = performance.now();
    if (stoppingSince !== null) {
      if (now - stoppingSince >= sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = now;
    onStopping(signal);
    setTimeout(() => process.exit(1), drainWithinMs).unref();
    program.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(
          `portcullis: stopping failed: ${error instanceof Error ? error.message : String(error)}\n`,
        );
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
