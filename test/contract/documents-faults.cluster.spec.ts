import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Collection, type CollectionSpec, type Document, DuplicateKey, StoreUnavailable } from '#libs/documents';
import { MongoDocuments } from '#libs/documents/mongodb';
import { eventually } from '../support/eventually.js';
import { startRelayTo } from '../support/tcp-relay.js';
import { OwnServers } from './own-servers.js';

interface Thing extends Document {
  readonly count: number;
}

const spec: CollectionSpec<Thing> = { name: 'things', indexes: [{ keys: { count: 1 } }] };
/** How long an operation may take with the settings of this suite, and what a busy machine adds. */
const boundMs = 2_000 + 2_000;

describe('given MongoDB', () => {
  let servers: OwnServers;
  let documents: MongoDocuments;
  let things: Collection<Thing>;
  const open = () =>
    new MongoDocuments({ uri: servers.mongoUri, serverSelectionTimeoutMs: 1_000, operationTimeoutMs: 2_000 });

  beforeAll(async () => {
    servers = await OwnServers.make();
    await servers.start('mongo');
    documents = open();
    things = await documents.collection(spec);
  }, 60_000);
  afterEach(() => servers.start('mongo'));
  afterAll(async () => {
    await documents.close();
    await servers.wipe('mongo');
  });

  const unavailableInTime = async (operation: () => Promise<unknown>) => {
    const began = performance.now();
    await expect(operation()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(performance.now() - began).toBeLessThan(boundMs);
  };

  it('when it is stopped, then every operation says in time that it cannot be asked, and is right again after a start', async () => {
    await things.insertOne({ _id: 'before', count: 1 });
    await servers.stop('mongo');
    await unavailableInTime(() => things.insertOne({ _id: 'while', count: 1 }));
    await unavailableInTime(() => things.findOne({ _id: 'before' }));
    await unavailableInTime(() => things.find({}, { limit: 10 }));
    await unavailableInTime(() => things.updateOne({ _id: 'before' }, { $inc: { count: 1 } }));
    await unavailableInTime(() => things.findOneAndUpdate({ _id: 'before' }, { $inc: { count: 1 } }));
    await unavailableInTime(() => things.deleteMany({}));
    await unavailableInTime(() => things.countDocuments({}));
    await unavailableInTime(() => documents.ping());
    await servers.start('mongo');
    await eventually(() => documents.ping().then(() => true));
    await expect(things.find({}, { limit: 10 })).resolves.toEqual([{ _id: 'before', count: 1 }]);
  });

  it('when a program starts before it, then the program is refused in time and works once it is there', async () => {
    await servers.stop('mongo');
    const early = open();
    await unavailableInTime(() => early.ping());
    await expect(early.collection(spec)).rejects.toBeInstanceOf(StoreUnavailable);
    await servers.start('mongo');
    const found = await eventually(() => early.collection(spec));
    await expect(found.countDocuments({ _id: 'nobody' })).resolves.toBe(0);
    await early.close();
  });

  it('when it freezes in the middle of a write, then the write is unknown, and trying again tells', async () => {
    servers.freeze('mongo');
    await unavailableInTime(() => things.insertOne({ _id: 'frozen', count: 1 }));
    await unavailableInTime(() => things.findOne({ _id: 'frozen' }));
    servers.thaw('mongo');
    const again = await eventually(() =>
      things.insertOne({ _id: 'frozen', count: 1 }).then(
        () => 'inserted',
        (error: unknown) => {
          if (error instanceof DuplicateKey) return 'was there';
          throw error;
        },
      ),
    );
    expect(['inserted', 'was there']).toContain(again);
    await expect(things.countDocuments({ _id: 'frozen' })).resolves.toBe(1);
  });

  it('when it is killed under load again and again, then nothing acknowledged is lost and nothing is there twice', async () => {
    const acknowledged: string[] = [];
    let stopped = false;
    const writer = async (name: string) => {
      for (let version = 1; !stopped; ) {
        const _id = `${name}/${version}`;
        const done = await things.insertOne({ _id, count: version }).then(
          () => true,
          (error: unknown) => {
            if (error instanceof DuplicateKey) return true;
            if (error instanceof StoreUnavailable) return false;
            throw error;
          },
        );
        if (!done) continue;
        acknowledged.push(_id);
        version += 1;
      }
    };
    const writers = ['a', 'b', 'c', 'd'].map(writer);
    for (let round = 1; round <= 3; round += 1) {
      const enough = acknowledged.length + 50;
      await eventually(() => acknowledged.length > enough);
      await servers.kill('mongo');
      await servers.start('mongo');
    }
    const enough = acknowledged.length + 50;
    await eventually(() => acknowledged.length > enough);
    stopped = true;
    await Promise.all(writers);
    for (const _id of acknowledged) await expect(things.countDocuments({ _id })).resolves.toBe(1);
  }, 90_000);

  it('when all connections end while one is waited for, then it is asked again', async () => {
    const relay = await startRelayTo(servers.ports.mongo);
    const cutOff = new MongoDocuments({
      uri: `mongodb://127.0.0.1:${relay.port}/portcullis`,
      serverSelectionTimeoutMs: 500,
      operationTimeoutMs: 1_000,
    });
    try {
      for (let round = 0; round < 4; round += 1) {
        await eventually(() => cutOff.ping().then(() => true), 15_000);
        // The driver looks after the server twice a second at the most.
        await new Promise((resolve) => setTimeout(resolve, 600));
        relay.silence();
        const waiting = Promise.allSettled(Array.from({ length: 4 }, () => cutOff.ping()));
        await new Promise((resolve) => setTimeout(resolve, 50));
        relay.cut();
        await waiting;
      }
      await eventually(() => cutOff.ping().then(() => true), 15_000);
    } finally {
      await cutOff.close();
      await relay.close();
    }
  }, 120_000);

  it('when it is looked at, then what it is and what it lacks is said', async () => {
    const check = await documents.checkServer();
    expect(check.refusals).toEqual([]);
    expect(check.server).toContain('7.0');
    expect(check.warnings.join()).toContain('standalone');
    const careless = new MongoDocuments({ uri: `${servers.mongoUri}?w=1&readPreference=secondaryPreferred` });
    const { warnings } = await careless.checkServer();
    expect(warnings.join()).toContain('write concern');
    expect(warnings.join()).toContain('secondaryPreferred');
    await careless.close();
  });
});
