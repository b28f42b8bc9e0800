import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { MongoDocuments } from '#libs/documents/mongodb';
import { describeDocuments } from './documents.contract.js';

describeDocuments('MongoDB', async () => {
  const uri = process.env.MONGODB_URI ?? '';
  const database = `test_${randomUUID().slice(0, 8)}`;
  const documents = new MongoDocuments({ uri, database });
  const others: MongoDocuments[] = [];
  return {
    documents,
    secondHandle: async () => {
      const other = new MongoDocuments({ uri, database });
      others.push(other);
      return other;
    },
    close: async () => {
      for (const one of [documents, ...others]) await one.close();
      const client = new MongoClient(uri);
      await client.db(database).dropDatabase();
      await client.close();
    },
  };
});
