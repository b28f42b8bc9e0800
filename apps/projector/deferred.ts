/** A promise that is settled from outside. */
export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export function deferred(): Deferred {
  const settle = { resolve: () => {}, reject: (_error: unknown) => {} };
  const promise = new Promise<void>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  promise.catch(() => undefined); // Whoever waits hears of a rejection; it must not end the process before.
  return { promise, ...settle };
}
