import type { Documents } from '#libs/documents';

/** Stands for a process: when it dies, nothing that it asked for is answered any more, and it asks for nothing else. */
export class Mortal {
  #dead = false;

  die(): void {
    this.#dead = true;
  }

  /**
   * `target`, all of whose methods are asynchronous, as this process uses it: what was asked before the death still
   * happens, but is never heard of.
   */
  using<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (from, name) => {
        const member: unknown = Reflect.get(from, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => this.#unlessDead(async () => Reflect.apply(member, from, args));
      },
    });
  }

  usingDocuments(documents: Documents): Documents {
    return {
      collection: async (spec) => this.using(await this.#unlessDead(() => documents.collection(spec))),
      ping: () => this.#unlessDead(() => documents.ping()),
      close: () => this.#unlessDead(() => documents.close()),
    };
  }

  async #unlessDead<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#dead) return never();
    const answer = await ask();
    return this.#dead ? never() : answer;
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
