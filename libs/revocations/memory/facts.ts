import type { Revocation } from '../revocations.js';

/** A fact that changed the set, and when it is to be forgotten. */
export interface KeptFact {
  readonly number: number;
  readonly key: string;
  readonly revocation: Revocation;
  readonly until: number;
}

/** The facts of the last token life, oldest first. All live equally long, so the oldest is always the next to go. */
export class Facts {
  #facts: KeptFact[] = [];
  /** Facts before this place are forgotten; they are cut off when they are half of the list. */
  #first = 0;
  #number = 0;

  get last(): number {
    return this.#number;
  }

  add(key: string, revocation: Revocation, until: number): void {
    this.#number += 1;
    this.#facts.push({ number: this.#number, key, revocation, until });
  }

  /** The oldest fact, taken off, when its time has come; null otherwise. */
  takeExpired(now: number): KeptFact | null {
    const fact = this.#facts[this.#first];
    if (fact === undefined || fact.until > now) return null;
    this.#first += 1;
    if (this.#first * 2 > this.#facts.length) {
      this.#facts = this.#facts.slice(this.#first);
      this.#first = 0;
    }
    return fact;
  }

  /** At most `limit` facts after a number. Numbers have no gaps, so the place is known without a search. */
  after(number: number, limit: number): readonly KeptFact[] {
    const oldest = this.#facts[this.#first]?.number ?? 0;
    const start = this.#first + Math.max(0, number + 1 - oldest);
    return this.#facts.slice(start, start + limit);
  }

  clear(): void {
    this.#facts = [];
    this.#first = 0;
  }
}
