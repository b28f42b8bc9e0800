import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { objectIds } from './object-ids.js';
import { type NewSession, Sessions } from './sessions.js';

const lifeMs = 60_000;
let folder: string;
let database: ReturnType<typeof openSqlite>;
let time: number;
let sessions: Sessions;
const now = () => time;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  database = openSqlite({ folder });
  time = Date.UTC(2025, 0, 1);
  sessions = await Sessions.open(new SqliteDocuments(database), { lifeMs, now, newId: objectIds(now) });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function of(userId: string): NewSession {
  return { app: 'myapp', userId, version: 3, appVersion: 1, deviceId: null, provider: 'local-userpass' };
}

describe('given a session', () => {
  it('when it begins, then it is found with all that was said of it', async () => {
    const device = { platform: 'ios', sdkVersion: '2.0.1' };
    const session = await sessions.begin({ ...of('u'), deviceId: '64b000000000000000000003', device });
    expect(session).toEqual({
      sid: expect.stringMatching(/^[0-9a-f]{24}$/),
      app: 'myapp',
      userId: 'u',
      version: 3,
      appVersion: 1,
      createdAt: time,
      expiresAt: time + lifeMs,
      lastUsedAt: time,
      deviceId: '64b000000000000000000003',
      device,
      provider: 'local-userpass',
    });
    expect(await sessions.find(session.sid)).toEqual(session);
    expect(await sessions.find('other')).toBeNull();
  });

  it('when the device is new, then it is given an id', async () => {
    const [one, other] = [await sessions.begin(of('u')), await sessions.begin(of('u'))];
    expect(one.deviceId).toMatch(/^[0-9a-f]{24}$/);
    expect(one.deviceId).not.toBe(other.deviceId);
  });

  it('when it is used, then it says when, and never goes back', async () => {
    const { sid } = await sessions.begin(of('u'));
    time += 10;
    await sessions.used(sid);
    time -= 5;
    await sessions.used(sid);
    expect((await sessions.find(sid))?.lastUsedAt).toBe(Date.UTC(2025, 0, 1) + 10);
  });

  it('when it is revoked twice, then the first time stays', async () => {
    const { sid } = await sessions.begin(of('u'));
    expect(await sessions.markRevoked(sid, 7)).toBe(true);
    expect(await sessions.markRevoked(sid)).toBe(true);
    expect((await sessions.find(sid))?.revokedAt).toBe(7);
    expect(await sessions.markRevoked('other')).toBe(false);
  });
});

describe('given several sessions', () => {
  it('when they are listed, then the newest come first, without those that are revoked, expired or of others', async () => {
    const sids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      if (i > 1) time += 1000; // The first two begin in the same millisecond.
      sids.push((await sessions.begin(of('u'))).sid);
    }
    await sessions.begin(of('other'));
    await sessions.markRevoked(sids[3] ?? '');
    const list = async (limit: number) =>
      (await sessions.listOf('u', limit)).map((session) => sids.indexOf(session.sid));
    expect(await list(9)).toEqual([4, 2, 1, 0]);
    expect(await list(2)).toEqual([4, 2]);
    time = Date.UTC(2025, 0, 1) + lifeMs;
    expect(await list(9)).toEqual([4, 2]);
  });

  it('when those of a user are erased, then no other is', async () => {
    await sessions.begin(of('u'));
    await sessions.begin(of('u'));
    const { sid } = await sessions.begin(of('other'));
    expect(await sessions.eraseOf('u')).toBe(2);
    expect(await sessions.listOf('u', 9)).toEqual([]);
    expect(await sessions.find(sid)).not.toBeNull();
  });

  it('when they are swept, then the expired ones go, however many', async () => {
    for (let i = 0; i < 7; i += 1) await sessions.begin(of('u'));
    time += 1;
    const { sid } = await sessions.begin(of('u'));
    expect(await sessions.sweepExpired(time, 3)).toBe(0);
    time += lifeMs - 1;
    expect(await sessions.sweepExpired(time, 3)).toBe(7);
    expect(await sessions.find(sid)).not.toBeNull();
  });
});
