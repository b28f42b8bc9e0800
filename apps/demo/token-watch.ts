import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'undici';
import { call } from './call.js';

/** What the edge said of one token, asked again and again. Times are of `performance.now()`, ms. */
export interface Watched {
  /** When the answer of the first refusal was here; null when there was none. */
  readonly refusedAt: number | null;
  /** When the last request that was let in had been sent; null when none was. */
  readonly lastLetInSentAt: number | null;
}

const loops = 2;

/** Asks the edge for a verdict on a token as fast as it answers, until it is stopped. */
export class TokenWatch {
  #stopped = false;
  #refusedAt: number | null = null;
  #lastLetInSentAt: number | null = null;
  readonly #loops: Promise<unknown>;

  constructor(edge: Pool, token: string) {
    this.#loops = Promise.all(Array.from({ length: loops }, () => this.#ask(edge, token)));
  }

  /** Goes on for `moreMs` after the first refusal, or for `withinMs` without one. Rejects when the edge is gone. */
  async stop(withinMs: number, moreMs: number): Promise<Watched> {
    const deadline = performance.now() + withinMs;
    while (this.#refusedAt === null && performance.now() < deadline) await Promise.race([setTimeout(5), this.#loops]);
    await Promise.race([setTimeout(moreMs), this.#loops]);
    this.#stopped = true;
    await this.#loops;
    return { refusedAt: this.#refusedAt, lastLetInSentAt: this.#lastLetInSentAt };
  }

  async #ask(edge: Pool, token: string): Promise<void> {
    while (!this.#stopped) {
      const sentAt = performance.now();
      const { status } = await call(edge, { method: 'GET', path: '/_portcullis/verdict', bearer: token });
      if (status === 200) this.#lastLetInSentAt = Math.max(this.#lastLetInSentAt ?? 0, sentAt);
      if (status === 401) this.#refusedAt ??= performance.now();
    }
  }
}
