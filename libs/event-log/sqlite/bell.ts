/** Wakes one sleeper. A ring while nobody sleeps is remembered, so that no news falls between a look and a sleep. */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Forgets the rings until now. */
  quiet(): void {
    this.#rung = false;
  }

  /** Resolves at the next ring, or after `withinMs`. */
  async rung(withinMs?: number): Promise<void> {
    if (this.#rung) return;
    await new Promise<void>((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
