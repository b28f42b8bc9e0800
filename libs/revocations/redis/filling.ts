/**
 * Holds whoever fills the set to one era: what was raised in an earlier one is gone, because the server was emptied, rolled
 * back or replaced meanwhile. The facts of all eras are counted from when the caller was last told that the set is not
 * whole, since only then it begins to fill it.
 */
export class Filling {
  #era: string | null = null;
  #broken = false;
  #saidWhole = false;

  /** Facts were raised in this era. */
  raisedIn(era: string): void {
    if (this.#era === null) this.#era = era;
    else if (this.#era !== era) this.#broken = true;
  }

  /** The era in which everything was raised; null when nothing was. `broken` when it was more than one. */
  get era(): string | null | 'broken' {
    return this.#broken ? 'broken' : this.#era;
  }

  /** The caller is being told that the set is whole. */
  whole(): void {
    this.#saidWhole = true;
  }

  /** The caller is being told that the set is not whole. What it raises from now on counts, if this is news to it. */
  notWhole(): void {
    if (this.#saidWhole) this.startOver();
  }

  /** The caller is being told that it has to start over. */
  startOver(): void {
    this.#era = null;
    this.#broken = false;
    this.#saidWhole = false;
  }
}
