import type { LogEntry } from '#libs/event-log';

/**
 * Handles entries, those of one key one after the other in their order, and those of different keys up to `width` at a
 * time. Resolves when all are done; rejects with the first failure, when what was under way has ended.
 */
export async function inOrderByKey(
  entries: readonly LogEntry[],
  width: number,
  handle: (entry: LogEntry) => Promise<void>,
): Promise<void> {
  const queues = [...byKey(entries).values()];
  let failed = false;
  const work = async (): Promise<void> => {
    for (let queue = queues.shift(); queue && !failed; queue = queues.shift()) {
      for (const entry of queue) {
        if (failed) return;
        await handle(entry).catch((error: unknown) => {
          failed = true;
          throw error;
        });
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: width }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
}

function byKey(entries: readonly LogEntry[]): ReadonlyMap<string, LogEntry[]> {
  const queues = new Map<string, LogEntry[]>();
  for (const entry of entries) {
    const queue = queues.get(entry.key);
    if (queue) queue.push(entry);
    else queues.set(entry.key, [entry]);
  }
  return queues;
}
