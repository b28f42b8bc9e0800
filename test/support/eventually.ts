/** Waits until `probe` gives a value other than `undefined` or `false`; rejects after `withinMs` with the last error. */
export async function eventually<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown = new Error(`the condition did not come true within ${withinMs} ms`);
  for (let pauseMs = 1; Date.now() < deadline; pauseMs = Math.min(pauseMs * 2, 50)) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw last;
}
