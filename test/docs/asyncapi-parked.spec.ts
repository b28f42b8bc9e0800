import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import type { LogEntry, LogValue } from '#libs/event-log';
import { SqliteEventLog } from '#libs/event-log/sqlite';
import { UnreadableEvent } from '#libs/event-store';
import { createLogger, createMetrics, readConfig } from '#libs/platform';
import { Parking } from '../../apps/projector/parking.js';
import { openTemporaryStore, type TemporaryStore } from '../support/program-store.js';
import { parkedSchema } from './asyncapi-parked.js';

let temporary: TemporaryStore;
let parked: SqliteEventLog;
let parking: Parking;
beforeEach(() => {
  temporary = openTemporaryStore();
  parked = new SqliteEventLog(temporary.database, 'parked');
  const logger = createLogger(readConfig({ LOG_LEVEL: 'silent' }));
  parking = new Parking({ parked, logger, metrics: createMetrics(), now: Date.now });
});
afterEach(async () => {
  await parked.close();
  temporary.close();
});

async function onTheLog(): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const reading = await parked.read({
    group: 'spec',
    startAt: async () => null,
    handle: async (batch) => void entries.push(...batch.entries),
    onTrouble: () => {},
  });
  await reading.caughtUp();
  await reading.stop();
  return entries;
}

const ofAnEvent: LogValue = { type: 'portcullis.user.unheard-of.v9', userId: 'ada' };

describe.each([
  { what: 'is of an unknown type', value: ofAnEvent },
  { what: 'is not JSON', value: undefined },
])('given an entry that $what', ({ value }) => {
  it('when the projector parks it, then what it writes is as the description of the topics says', async () => {
    const entry = { partition: 3, offset: 1207, key: 'ada', value };
    await parking.orPark('users', entry, () => Promise.reject(new UnreadableEvent('not known here')));
    const [written] = await onTheLog();
    expect(written).toMatchObject({ key: 'ada', value: { id: 'users:3:1207', value: value ?? null } });
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    ajv.validate({ ...parkedSchema, additionalProperties: false }, written?.value);
    expect(ajv.errors).toBeNull();
  });
});
