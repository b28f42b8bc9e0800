import { RevocationsUnavailable } from '../revocations.js';
import { Link } from './link.js';
import type { RedisLimits } from './settings.js';
import { reasonOf } from './trouble.js';

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Keeps a link to the server: when one ends, another is made, for as long as it takes. Nothing waits for it. */
export class Connection {
  #link: Link | null = null;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** Why there is no link; null when there is one, or when none has been tried for yet. */
  #trouble: string | null = null;
  readonly #waiting = new Set<{ resolve(): void; reject(error: RevocationsUnavailable): void }>();

  constructor(private readonly limits: RedisLimits) {
    this.#make();
  }

  /** The link, if it can be asked just now. @throws {RevocationsUnavailable} */
  link(): Link {
    const link = this.#link;
    if (link === null || link.ended) throw this.#noLink();
    return link;
  }

  /** Resolves when the server can be asked; rejects only when this is closed. */
  connected(): Promise<void> {
    if (this.#link !== null && !this.#link.ended) return Promise.resolve();
    if (this.#closed) return Promise.reject(this.#noLink());
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#link?.end();
    this.#link = null;
    for (const one of this.#waiting) one.reject(this.#noLink());
    this.#waiting.clear();
  }

  #make(): void {
    Link.open(this.limits, (ended) => this.#lost(ended)).then(
      (link) => this.#made(link),
      (error: unknown) => this.#failed(reasonOf(error)),
    );
  }

  #made(link: Link): void {
    if (this.#closed || link.ended) {
      link.end();
      this.#failed('the connection was lost');
      return;
    }
    this.#link = link;
    this.#pauseMs = firstPauseMs;
    this.#trouble = null;
    for (const one of this.#waiting) one.resolve();
    this.#waiting.clear();
    this.limits.onConnected();
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = null;
    this.#failed('the connection was lost');
  }

  #failed(reason: string): void {
    if (this.#closed) return;
    const first = this.#trouble === null;
    this.#trouble = reason;
    this.#timer = setTimeout(() => this.#make(), this.#pauseMs * (0.5 + Math.random() / 2));
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    if (first) this.limits.onTrouble(this.#noLink());
  }

  #noLink(): RevocationsUnavailable {
    if (this.#closed) return new RevocationsUnavailable('the revocation set is closed');
    return new RevocationsUnavailable(`Redis cannot be reached: ${this.#trouble ?? 'connecting'}`);
  }
}
