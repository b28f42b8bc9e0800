/** Something that is closed when a program ends. */
export interface Closable {
  close(): Promise<void> | void;
}

/** What was opened so far, to be closed in the opposite order. */
export class Closers {
  private readonly opened: Closable[] = [];

  add<T extends Closable>(closable: T): T {
    this.opened.push(closable);
    return closable;
  }

  /** Closes each once, the newest first. One that fails does not keep the others open; the first failure is thrown. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const closable of this.opened.splice(0).reverse()) {
      try {
        await closable.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `open`, which adds what it opens to the closers; when it fails, what it had opened is closed again. */
export async function closingOnFailure<T>(open: (closers: Closers) => Promise<T>): Promise<T> {
  const closers = new Closers();
  try {
    return await open(closers);
  } catch (error) {
    await closers.close().catch(() => undefined); // Why it could not be opened is what counts.
    throw error;
  }
}
