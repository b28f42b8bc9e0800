import type { ServerResponse } from 'node:http';

/** Runs what answers a request. Should that fail, the connection is broken off: without an answer nobody is let in. */
export function orBreakOff(response: ServerResponse, onError: (error: unknown) => void, answer: () => void): void {
  try {
    answer();
  } catch (error) {
    onError(error);
    response.destroy();
  }
}
