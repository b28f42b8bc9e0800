import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UserCommand } from '#libs/domain';
import { EventStore, VersionConflict } from '#libs/event-store';
import { createLogger, createMetrics, readConfig } from '#libs/platform';
import { MemoryRevocations } from '#libs/revocations/memory';
import { openTemporaryStore, type TemporaryStore } from '../../../test/support/program-store.js';
import { AppDecisions } from './app-decisions.js';
import { CommandLog } from './command-log.js';
import { Enforcement } from './enforcement.js';
import type { CommandOutcome } from './outcome.js';
import type { SentCommand } from './sent-command.js';
import { UserDecisions } from './user-decisions.js';

const user = { app: 'main', userId: '5f00000000000000000000aa' };
const now = Date.now;
const config = readConfig({});

let temporary: TemporaryStore;
let store: EventStore;
let revocations: MemoryRevocations;
let logLines: string[];
beforeEach(async () => {
  temporary = openTemporaryStore();
  store = await EventStore.open(temporary.documents, { now, relayed: false });
  revocations = new MemoryRevocations({ lifeMs: 60_000, now });
  await revocations.declareWhole(new Map());
  logLines = [];
});
afterEach(() => temporary.close());

function decisions(atOnce = true) {
  const logger = createLogger({ ...config, LOG_FORMAT: 'json' }, { write: (line) => logLines.push(line) });
  const metrics = createMetrics();
  const enforcement = new Enforcement(revocations, { atOnce, now, metrics, logger });
  return {
    users: new UserDecisions(store, enforcement, now),
    apps: new AppDecisions(store, enforcement, now),
    log: new CommandLog(logger, metrics),
  };
}

const sent = (resume: Partial<SentCommand> = {}): SentCommand => ({
  commandId: randomUUID(),
  correlationId: 'corr',
  actor: { kind: 'admin', id: 'k' },
  reason: null,
  resumedSince: null,
  heldSince: null,
  ...resume,
});

const register: UserCommand = { type: 'register', confirmed: true };
const revoke: UserCommand = { type: 'revoke-sessions' };
const watermark = async () => (await revocations.lookUp([user])).entries[0]?.watermark ?? 0;

describe('given a user, and fifty commands at once', () => {
  it('then those that got through have their own places without gaps, and the others are told of the conflict', async () => {
    const { users } = decisions();
    await users.execute(user, register, sent());
    const attempts = await Promise.allSettled(Array.from({ length: 50 }, () => users.execute(user, revoke, sent())));
    const outcomes = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') expect(attempt.reason).toBeInstanceOf(VersionConflict);
    }
    expect(outcomes.length).toBeGreaterThan(0);
    const versions = outcomes.map(({ version }) => version).sort((a, b) => a - b);
    expect(versions).toEqual(outcomes.map((_, index) => index + 2));
    expect((await store.loadUser(user)).version).toBe(outcomes.length + 1);
    expect(await watermark()).toBe(outcomes.length + 1);
  });

  it('when each sends its command again until it is through, then every one has its event', async () => {
    const { users } = decisions();
    await users.execute(user, register, sent());
    const untilThrough = async (): Promise<CommandOutcome> => {
      for (;;) {
        try {
          return await users.execute(user, revoke, sent());
        } catch (error) {
          if (!(error instanceof VersionConflict)) throw error;
        }
      }
    };
    const outcomes = await Promise.all(Array.from({ length: 50 }, untilThrough));
    expect(new Set(outcomes.map(({ version }) => version)).size).toBe(50);
    const events = await store.read(user, 0, 100);
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });
});

describe('given a revocation set that takes no write', () => {
  it('when a command revokes, then it is accepted and pending, and the log line says so', async () => {
    const { users, apps, log } = decisions();
    await users.execute(user, register, sent());
    await revocations.close();
    const disable = () => users.execute(user, { type: 'disable' }, sent());
    expect(await log.watch('disable', user, sent(), disable)).toMatchObject({
      version: 2,
      enforcement: { status: 'pending' },
    });
    expect(await apps.execute('main', { type: 'revoke-app-sessions' }, sent())).toMatchObject({
      userId: null,
      version: 1,
      enforcement: { status: 'pending' },
    });
    expect(logLines.join('')).toContain('"enforcement":"pending"');
  });

  it('when it takes writes again and the command comes again, then there is nothing to do, and it is enforced', async () => {
    await decisions().users.execute(user, register, sent());
    await revocations.close();
    await decisions().users.execute(user, { type: 'disable' }, sent());
    revocations = new MemoryRevocations({ lifeMs: 60_000, now });
    const again = await decisions().users.execute(user, { type: 'disable' }, sent());
    expect(again).toMatchObject({
      version: 2,
      events: [],
      enforcement: { status: 'enforced', at: expect.any(Number) },
    });
    expect(await watermark()).toBe(2);
  });
});

describe('given a shortcut that is switched off', () => {
  it('when a command revokes, then it is pending and the set is left to the log', async () => {
    const { users } = decisions(false);
    expect(await users.execute(user, register, sent())).toMatchObject({ enforcement: { status: 'enforced' } });
    expect(await users.execute(user, revoke, sent())).toMatchObject({ enforcement: { status: 'pending' } });
    expect(await watermark()).toBe(0);
  });
});

describe('given a command that was cut off', () => {
  it('when its event is there, then that is the answer, and it is enforced once more', async () => {
    const { users } = decisions();
    await users.execute(user, register, sent());
    const first = await users.execute(user, revoke, sent({ commandId: 'cut off' }));
    revocations = new MemoryRevocations({ lifeMs: 60_000, now });
    const resumed = sent({ commandId: 'cut off', resumedSince: now() - 1_000 });
    expect(await decisions().users.execute(user, revoke, resumed)).toEqual({
      ...first,
      enforcement: { status: 'enforced', at: expect.any(Number) },
    });
    expect(await watermark()).toBe(2);
    expect((await store.loadUser(user)).version).toBe(2);
  });

  it('when two processes are at it at once, then it leaves one event, which is the answer of both', async () => {
    const { users, apps } = decisions();
    await users.execute(user, register, sent());
    const held = { commandId: 'taken over', heldSince: now() };
    const resumed = { ...held, resumedSince: now() - 1_000 };
    for (const run of [
      (resume: Partial<SentCommand>) => users.execute(user, revoke, sent(resume)),
      (resume: Partial<SentCommand>) => apps.execute('main', { type: 'revoke-app-sessions' }, sent(resume)),
    ]) {
      const [slow, fast] = await Promise.all([run(held), run(resumed)]);
      expect(slow.events).toHaveLength(1);
      expect(slow.events).toEqual(fast.events);
    }
    expect((await store.loadUser(user)).version).toBe(2);
    expect((await store.loadApp('main')).version).toBe(1);
  });

  it('when another process took it over while it was held up, then the event of that one is the answer', async () => {
    const { users } = decisions();
    await users.execute(user, register, sent());
    const first = await users.execute(user, revoke, sent({ commandId: 'held up', resumedSince: now() - 1_000 }));
    const woken = sent({ commandId: 'held up', heldSince: now() - 31_000 });
    expect((await users.execute(user, revoke, woken)).events).toEqual(first.events);
    expect((await store.loadUser(user)).version).toBe(2);
  });

  it('when it left no event, then it is decided as if for the first time', async () => {
    const { users } = decisions();
    await users.execute(user, register, sent());
    const resumed = sent({ resumedSince: now() - 1_000 });
    expect(await users.execute(user, revoke, resumed)).toMatchObject({ version: 2, events: [{ version: 2 }] });
  });
});
