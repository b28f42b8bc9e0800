import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Collection, CollectionSpec, Document, Documents } from '#libs/documents';
import { openSqlite, SqliteDocuments } from '#libs/documents/sqlite';
import { Accounts } from './accounts.js';
import { EmailTaken } from './errors.js';
import { objectIds } from './object-ids.js';
import { PasswordHasher } from './password-hasher.js';
import type { UserStanding, UserStreams } from './registrations.js';
import { Sessions } from './sessions.js';

const day = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
const database = openSqlite({ folder });
const hasher = await PasswordHasher.create({ memoryKib: 8, passes: 1, concurrent: 8, mostWaiting: 1000 });
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** Users' streams as far as accounts ask for them: the first append wins. */
class Streams implements UserStreams {
  readonly #first = new Map<string, string>();
  readonly #deleted = new Set<string>();

  append(userId: string, commandId: string): boolean {
    if (this.#first.has(userId)) return false;
    this.#first.set(userId, commandId);
    return true;
  }

  delete(userId: string): void {
    if (this.#first.has(userId)) this.#deleted.add(userId);
  }

  winners(): { userId: string; attempt: string; deleted: boolean }[] {
    return [...this.#first].map(([userId, attempt]) => ({ userId, attempt, deleted: this.#deleted.has(userId) }));
  }

  async standing(userId: string): Promise<UserStanding> {
    if (!this.#first.has(userId)) return 'absent';
    return this.#deleted.has(userId) ? 'deleted' : 'living';
  }

  async firstCommandId(userId: string): Promise<string | null> {
    return this.#first.get(userId) ?? null;
  }
}

/** The store, where the scheduler decides whose call comes next: as many processes share it as it pleases. */
function scheduled(documents: Documents, scheduler: fc.Scheduler): Documents {
  return {
    ping: () => documents.ping(),
    close: () => documents.close(),
    async collection<T extends Document>(spec: CollectionSpec<T>): Promise<Collection<T>> {
      const real = await documents.collection(spec);
      return {
        insertOne: scheduler.scheduleFunction(real.insertOne.bind(real)),
        findOne: scheduler.scheduleFunction(real.findOne.bind(real)),
        find: scheduler.scheduleFunction(real.find.bind(real)),
        updateOne: scheduler.scheduleFunction(real.updateOne.bind(real)),
        findOneAndUpdate: scheduler.scheduleFunction(real.findOneAndUpdate.bind(real)),
        updateMany: scheduler.scheduleFunction(real.updateMany.bind(real)),
        deleteOne: scheduler.scheduleFunction(real.deleteOne.bind(real)),
        deleteMany: scheduler.scheduleFunction(real.deleteMany.bind(real)),
        countDocuments: scheduler.scheduleFunction(real.countDocuments.bind(real)),
      };
    },
  };
}

/** One address of one app, and all that happens to it. */
async function world(documents: Documents, scheduler: fc.Scheduler, app: string) {
  let time = Date.UTC(2025, 0, 1);
  const now = () => time;
  const newId = objectIds(now);
  const streams = new Streams();
  const shared = scheduled(documents, scheduler);
  const sessions = await Sessions.open(shared, { now, newId, lifeMs: day });
  const accounts = await Accounts.open(shared, {
    sessions,
    now,
    newId,
    hasher: {
      hash: scheduler.scheduleFunction((password: string) => hasher.hash(password)),
      verify: scheduler.scheduleFunction((passwordHash: string, password: string) =>
        hasher.verify(passwordHash, password),
      ),
      verifyNobody: scheduler.scheduleFunction((password: string) => hasher.verifyNobody(password)),
      isOutdated: (passwordHash) => hasher.isOutdated(passwordHash),
    },
    streams: {
      standing: scheduler.scheduleFunction((userId: string) => streams.standing(userId)),
      firstCommandId: scheduler.scheduleFunction((userId: string) => streams.firstCommandId(userId)),
    },
  });
  const step = <T>(act: () => T): Promise<T> => scheduler.scheduleFunction(async () => act())();
  const email = 'someone@example.com';

  return {
    streams,
    accounts,
    step,
    pass: (ms: number) => {
      time += ms;
    },
    claim: (attempt: string) =>
      accounts.claimEmail({ app, email, password: `password of ${attempt}`, attempt, newUserId: newId() }),
    signIn: (attempt: string) => accounts.checkPassword({ app, email, password: `password of ${attempt}` }),
    /** The whole of a registration, as a command does it; it crashes after so many steps. */
    async register(attempt: string, steps: number): Promise<'registered' | 'taken' | 'crashed'> {
      for (let round = 0; round < 10; round += 1) {
        try {
          const { userId } = await this.claim(attempt);
          if (steps === 1) return 'crashed';
          const won = await step(() => streams.append(userId, attempt));
          if (steps === 2) return 'crashed';
          if (!won) continue;
          expect(await accounts.settle(userId, attempt)).toBe(true);
          return 'registered';
        } catch (error) {
          if (error instanceof EmailTaken) return 'taken';
          throw error;
        }
      }
      throw new Error('this attempt never came to an end');
    },
    async deleteUser(userId: string, erases: boolean): Promise<void> {
      await step(() => streams.delete(userId));
      if (erases) await accounts.erase(userId);
    },
  };
}

let worlds = 0;
function newApp(): string {
  worlds += 1;
  return `app-${worlds}`;
}

const attempts = ['a', 'b', 'c', 'd'];

describe('given several attempts to register one address at once, in any order and with crashes', () => {
  it('when all have ended, then each user has the password of the attempt that made it, and nobody else has', async () => {
    const attempt = fc.record({ steps: fc.integer({ min: 1, max: 5 }), deletes: fc.boolean(), erases: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(attempt, { minLength: 2, maxLength: attempts.length }),
        fc.boolean(),
        async (scheduler, plans, signsIn) => {
          const it = await world(new SqliteDocuments(database), scheduler, newApp());
          const outcomes = new Map<string, string>();
          const running = plans.map(async ({ steps, deletes, erases }, index) => {
            const name = attempts[index] ?? '';
            const outcome = await it.register(name, steps);
            outcomes.set(name, outcome);
            const made = it.streams.winners().find((winner) => winner.attempt === name);
            if (deletes && made !== undefined) await it.deleteUser(made.userId, erases);
          });
          const signingIn = (signsIn ? attempts : []).map(async (name) => {
            const account = await it.signIn(name);
            if (account !== null) expect(await it.streams.firstCommandId(account.userId)).toBe(name);
          });
          await scheduler.waitFor(Promise.all([...running, ...signingIn]));

          const living = it.streams.winners().filter((winner) => !winner.deleted);
          expect(living.length).toBeLessThanOrEqual(1);
          for (const name of attempts) {
            const account = await scheduler.waitFor(it.signIn(name));
            const winner = it.streams.winners().find((one) => one.attempt === name);
            if (account !== null) expect(account.userId).toBe(winner?.userId);
            if (winner?.deleted === false) expect(account?.userId).toBe(winner.userId);
            if (outcomes.get(name) === 'registered') expect(winner).toBeDefined();
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('when an abandoned account is swept meanwhile, then no registered user is left without account', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 3 }), async (scheduler, count) => {
        const it = await world(new SqliteDocuments(database), scheduler, newApp());
        await scheduler.waitFor(it.claim('abandoned'));
        it.pass(day + 1);
        const names = attempts.slice(0, count);
        const registering = Promise.all(names.map((name) => it.register(name, 9)));
        const sweeping = Promise.all([it.accounts.sweepAbandoned(), it.accounts.sweepAbandoned()]);
        const [outcomes] = await scheduler.waitFor(Promise.all([registering, sweeping]));
        expect(outcomes.filter((outcome) => outcome === 'registered')).toHaveLength(1);
        const [winner, ...others] = it.streams.winners();
        expect(others).toEqual([]);
        expect((await scheduler.waitFor(it.signIn(winner?.attempt ?? '')))?.userId).toBe(winner?.userId);
        expect(await scheduler.waitFor(it.signIn('abandoned'))).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
