/** The connections of one or more servers. */
export interface Connections {
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

const drainWithinMs = 3_000;
const closeIdleEveryMs = 100;

/** Closes a server: requests under way may finish, for 3 seconds; connections that have none are closed meanwhile. */
export async function drained(close: () => Promise<unknown>, connections: Connections): Promise<void> {
  const idle = setInterval(() => connections.closeIdleConnections(), closeIdleEveryMs);
  const late = setTimeout(() => connections.closeAllConnections(), drainWithinMs);
  try {
    await close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}
