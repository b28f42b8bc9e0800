import { Turns } from './turns.js';

/** {@link Turns} for each of many keys, which are forgotten as soon as nobody runs or waits under them. */
export class KeyedTurns {
  readonly #concurrent: number;
  readonly #mostWaiting: number;
  readonly #byKey = new Map<string, { readonly turns: Turns; users: number }>();

  constructor(concurrent: number, mostWaiting: number) {
    this.#concurrent = concurrent;
    this.#mostWaiting = mostWaiting;
  }

  /** Runs the task when its turn under the key comes. Null: too many are waiting, and it was not run. */
  take<T>(key: string, task: () => Promise<T>): Promise<T> | null {
    const entry = this.#byKey.get(key) ?? { turns: new Turns(this.#concurrent, this.#mostWaiting), users: 0 };
    const result = entry.turns.take(task);
    if (result === null) return null;
    entry.users += 1;
    this.#byKey.set(key, entry);
    return result.finally(() => {
      entry.users -= 1;
      if (entry.users === 0) this.#byKey.delete(key);
    });
  }
}
