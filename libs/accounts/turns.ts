/** Lets a few tasks run at once and some wait; more than that are turned away. */
export class Turns {
  readonly #concurrent: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(concurrent: number, mostWaiting: number) {
    this.#concurrent = concurrent;
    this.#mostWaiting = mostWaiting;
  }

  /** Runs the task when its turn comes, in the order of the calls. Null: too many are waiting, and it was not run. */
  take<T>(task: () => Promise<T>): Promise<T> | null {
    if (this.#running >= this.#concurrent && this.#waiting.length >= this.#mostWaiting) return null;
    return this.#run(task);
  }

  async #run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#concurrent) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The turn is handed on without being given back, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
