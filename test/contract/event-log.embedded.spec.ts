import { randomUUID } from 'node:crypto';
import { SqliteDocuments } from '#libs/documents/sqlite';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { openTemporary } from './embedded.js';
import { describeEventLog } from './event-log.contract.js';

describeEventLog('SQLite', async () => {
  const { database, close } = openTemporary();
  const logs: SqliteEventLog[] = [];
  const open = () => {
    const log = new SqliteEventLog(database, 'events');
    logs.push(log);
    return log;
  };
  return {
    log: open(),
    secondHandle: async () => open(),
    injectPoison: async (key) => {
      const events = await new SqliteDocuments(database).collection<{ _id: string; key: string; event: string }>({
        name: 'events',
        indexes: [],
      });
      await events.insertOne({ _id: randomUUID(), key, event: 'not an object' });
    },
    close: async () => {
      await Promise.all(logs.map((log) => log.close()));
      close();
    },
  };
});
