import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite, type SqliteDatabase, SqliteDocuments } from '#libs/documents/sqlite';
import type { LogBatch, LogReader } from '#libs/event-log';
import { eventually } from '../../../test/support/eventually.js';
import { SqliteEventLog } from './event-log.js';

let folder: string;
let database: SqliteDatabase;
let log: SqliteEventLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  log = new SqliteEventLog(database, 'events');
});
afterEach(async () => {
  await log.close();
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const openEvents = () =>
  new SqliteDocuments(database).collection<{ _id: string; key: string; event: object; state?: object }>({
    name: 'events',
    indexes: [],
  });

function reading(group = 'g') {
  const batches: LogBatch[] = [];
  const troubles: unknown[] = [];
  const reader: LogReader = {
    group,
    startAt: async () => null,
    handle: async (batch) => void batches.push(batch),
    onTrouble: (error) => troubles.push(error),
  };
  return { reader, batches, troubles, entries: () => batches.flatMap((batch) => batch.entries) };
}

describe('given an event that is inserted through the documents adapter', () => {
  it('when a reader waits, then it is woken by the commit and given key and event alone', async () => {
    const events = await openEvents();
    const { reader, entries } = reading();
    await (await log.read(reader)).caughtUp();
    await events.insertOne({ _id: 'app/a/1', key: 'a', event: { time: 5 }, state: { version: 1 } });
    await eventually(() => entries().length > 0, 200);
    expect(entries()).toEqual([{ partition: 0, offset: 1, key: 'a', value: { time: 5 } }]);
  });

  it('when its document is changed later, then the log does not tell it again', async () => {
    const events = await openEvents();
    const { reader, entries } = reading();
    const running = await log.read(reader);
    await events.insertOne({ _id: '1', key: 'a', event: { time: 5 } });
    await events.updateOne({ _id: '1' }, { $set: { state: {} } });
    await running.caughtUp();
    expect(entries()).toHaveLength(1);
  });

  it('when the disk refuses it, then it is never on the log', async () => {
    const events = await openEvents();
    const { reader, entries } = reading();
    const running = await log.read(reader);
    await events.insertOne({ _id: '1', key: 'a', event: {} });
    await database.read((connection) => connection.rows('PRAGMA max_page_count=1'));
    const refused = Array.from({ length: 50 }, (_, index) =>
      events.insertOne({ _id: `big-${index}`, key: 'a', event: { text: 'x'.repeat(10_000) } }),
    );
    const results = await Promise.allSettled(refused);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    await database.read((connection) => connection.rows('PRAGMA max_page_count=1000000'));
    await events.insertOne({ _id: '2', key: 'a', event: {} });
    await running.caughtUp();
    expect(entries()).toHaveLength(2);
  });
});

describe('given more entries than a batch holds', () => {
  it('when they are read, then batches are small, have no gaps, and the event loop goes on meanwhile', async () => {
    await log.publish(Array.from({ length: 1234 }, (_, index) => ({ id: `i${index}`, key: 'k', value: { index } })));
    const { reader, batches, entries } = reading();
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 0);
    await (await log.read(reader)).caughtUp();
    clearInterval(turning);
    expect(batches.map((batch) => batch.entries.length)).toEqual([500, 500, 234]);
    expect(batches.map(({ next, end }) => [next, end])).toEqual([
      [501, 1235],
      [1001, 1235],
      [1235, 1235],
    ]);
    expect(entries().map(({ value }) => value?.index)).toEqual([...Array(1234).keys()]);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('given a record that is on the log', () => {
  it('when it is published again, then it is there once', async () => {
    const record = { id: '1', key: 'k', value: { time: 1 } };
    await log.publish([record, record]);
    await log.publish([record]);
    await expect(log.ends()).resolves.toEqual(new Map([[0, 2]]));
  });
});

describe('given two readers of one group in a process', () => {
  it('when the first has the partition, then the second is not asked until it stops', async () => {
    const [first, second] = [reading(), reading()];
    const firstReading = await log.read(first.reader);
    const other = new SqliteEventLog(database, 'events');
    const secondReading = await other.read(second.reader);
    await log.publish([{ id: '1', key: 'k', value: {} }]);
    await firstReading.caughtUp();
    await secondReading.caughtUp();
    expect([first.entries().length, second.entries().length]).toEqual([1, 0]);
    await firstReading.stop();
    await log.publish([{ id: '2', key: 'k', value: {} }]);
    await eventually(() => second.entries().length === 2);
    expect(first.entries()).toHaveLength(1);
    await other.close();
  });

  it('when the waiting one stops first, then the partition stays where it is', async () => {
    const [first, second] = [reading(), reading()];
    const running = await log.read(first.reader);
    await (await log.read(second.reader)).stop();
    await log.publish([{ id: '1', key: 'k', value: {} }]);
    await running.caughtUp();
    expect([first.entries().length, second.entries().length]).toEqual([1, 0]);
  });
});

describe('given event times', () => {
  it('when a position is asked by time, then it is that of the first event since then, however clocks stepped', async () => {
    const times = [10, 50, 20, 30, 60, 40];
    await log.publish(times.map((time, index) => ({ id: String(index), key: 'k', value: { time } })));
    const at = async (time: number) => (await log.positionsAt(time)).get(0);
    await expect(Promise.all([at(0), at(11), at(50), at(51), at(61)])).resolves.toEqual([1, 2, 2, 5, 7]);
  });

  it('when a position is asked, then an index answers', async () => {
    await log.ends();
    const plan = await database.read((connection) =>
      connection.rows(`EXPLAIN QUERY PLAN SELECT min(+seq) FROM "events" WHERE doc ->> '$.event.time' >= ?`, [1]),
    );
    expect(plan.flat().join(' ')).toContain('USING INDEX events:log-time');
  });
});

describe('given a reading that ends', () => {
  it('when someone waits for it to catch up, then the wait is rejected', async () => {
    const { reader } = reading();
    await log.publish([{ id: '1', key: 'k', value: {} }]);
    const running = await log.read({ ...reader, handle: () => Promise.reject(new Error('never')) });
    const waiting = running.caughtUp();
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'log-unavailable' }), running.stop()]);
  });

  it('when the file is closed, then the log is unavailable and the reader is told', async () => {
    const { reader, troubles } = reading();
    const running = await log.read(reader);
    await running.caughtUp();
    database.close();
    await expect(log.ping()).rejects.toMatchObject({ code: 'log-unavailable' });
    await running.restart();
    await eventually(() => troubles.length > 0);
    expect(troubles[0]).toMatchObject({ code: 'log-unavailable' });
  });
});
