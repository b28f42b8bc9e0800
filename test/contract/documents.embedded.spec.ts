import { SqliteDocuments } from '#libs/documents/sqlite';
import { describeDocuments } from './documents.contract.js';
import { openTemporary } from './embedded.js';

describeDocuments('SQLite', async () => {
  const { database, close } = openTemporary();
  return {
    documents: new SqliteDocuments(database),
    secondHandle: async () => new SqliteDocuments(database),
    close: async () => close(),
  };
});
