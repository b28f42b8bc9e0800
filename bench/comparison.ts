import { median } from './figures.js';

/** Two things, measured one right after the other, so that what else the machine does falls on both. */
export class Comparison {
  readonly #figures: { readonly first: number; readonly second: number }[] = [];
  #secondBefore = false;

  constructor(
    private readonly measureFirst: () => Promise<number>,
    private readonly measureSecond: () => Promise<number>,
  ) {}

  /** Measures both, in the other order than the time before; `counts` is false for warming up. */
  async measure(counts: boolean): Promise<void> {
    const before = this.#secondBefore ? await this.measureSecond() : null;
    const first = await this.measureFirst();
    const second = before ?? (await this.measureSecond());
    this.#secondBefore = !this.#secondBefore;
    if (counts) this.#figures.push({ first, second });
  }

  get first(): number {
    return median(this.#figures.map(({ first }) => first));
  }

  get second(): number {
    return median(this.#figures.map(({ second }) => second));
  }

  /** The median of first to second, pair by pair. */
  get ratio(): number {
    return median(this.#figures.map(({ first, second }) => first / second));
  }
}
