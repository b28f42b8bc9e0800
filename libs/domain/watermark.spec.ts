import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timeOf } from '../../test/support/given.js';
import { userCommand } from '../../test/support/user-commands.js';
import { type AppState, decideApp, evolveApp, newApp } from './app/decide.js';
import type { UserCommand } from './user/commands.js';
import { decideUser } from './user/decide.js';
import { evolveUser, raisesWatermark } from './user/evolve.js';
import { type UserState, unknownUser } from './user/state.js';
import { isDead, type TokenStanding } from './watermark.js';

const token: TokenStanding = { version: 5, appVersion: 3, sid: 's1' };
const user = { watermark: 0, at: 0, deadSessions: new Set<string>() };

describe('given a token of a session that began at version 5 of its user and version 3 of its app', () => {
  it.each([
    { when: 'nothing is held against its user or its app', ofUser: null, ofApp: null, dead: false },
    { when: "its user's watermark is 6", ofUser: { ...user, watermark: 6 }, ofApp: null, dead: true },
    { when: "its user's watermark is 5", ofUser: { ...user, watermark: 5 }, ofApp: null, dead: false },
    { when: "its app's watermark is 4", ofUser: null, ofApp: { watermark: 4, at: 0 }, dead: true },
    { when: "its app's watermark is 3", ofUser: null, ofApp: { watermark: 3, at: 0 }, dead: false },
    { when: 'only the app is against it', ofUser: user, ofApp: { watermark: 4, at: 0 }, dead: true },
    { when: 'its session is dead', ofUser: { ...user, deadSessions: new Set(['s1']) }, ofApp: null, dead: true },
    { when: 'another session is dead', ofUser: { ...user, deadSessions: new Set(['s2']) }, ofApp: null, dead: false },
    { when: 'only the clock is against it', ofUser: { ...user, watermark: 5, at: 9e15 }, ofApp: null, dead: false },
  ])('when $when, then whether it is dead is $dead', ({ ofUser, ofApp, dead }) => {
    expect(isDead(token, ofUser, ofApp)).toBe(dead);
  });
});

describe('given a token without a number where a version should be', () => {
  it('when there is a watermark, then it is dead', () => {
    expect(isDead({ ...token, version: Number.NaN }, { ...user, watermark: 1 }, null)).toBe(true);
    expect(isDead({ ...token, appVersion: Number.NaN }, null, { watermark: 1, at: 0 })).toBe(true);
  });
});

describe('given any history of a user and their app, with sign-ins that may have raced it', () => {
  it('then a token is dead exactly when something killed it after its session began', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const world = new World();
        for (const next of moves) {
          world.make(next);
          for (const minted of world.minted) {
            expect({ minted, dead: world.isDead(minted) }).toEqual({ minted, dead: world.wasKilled(minted) });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('when a user that can sign in signs out, then the token of that session is dead', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const world = new World();
        world.make({ type: 'command', command: { type: 'register', confirmed: true } });
        for (const next of moves) world.make(next);
        fc.pre(world.user.status === 'confirmed');
        world.make({ type: 'sign-in', late: 0 });
        world.make({ type: 'sign-out', which: world.minted.length - 1 });
        expect(world.minted.slice(-1).map((minted) => world.isDead(minted))).toEqual([true]);
      }),
    );
  });
});

/** What can happen, as far as tokens go. A sign-in may be late: it read the versions that many moves ago. */
type Move =
  | { readonly type: 'command'; readonly command: UserCommand }
  | { readonly type: 'revoke-app-sessions' }
  | { readonly type: 'sign-in'; readonly late: number }
  | { readonly type: 'sign-out'; readonly which: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('command' as const), command: userCommand }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('revoke-app-sessions' as const) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('sign-in' as const), late: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('sign-out' as const), which: fc.nat(60) }) },
);

interface Minted {
  readonly standing: TokenStanding;
  /** How many kills there had been when the session began. */
  readonly began: number;
}

/**
 * One user of one app. The model knows no versions: it keeps a single list of what killed tokens, in the order in which
 * it happened, and a token is dead when something after its beginning was meant for it.
 */
class World {
  user: UserState = unknownUser;
  readonly minted: Minted[] = [];
  private app: AppState = newApp;
  private readonly deadSessions = new Set<string>();
  private readonly kills: (string | 'everything')[] = [];
  private readonly moments: (Omit<TokenStanding, 'sid'> & { readonly began: number })[] = [];

  make(next: Move): void {
    this.moments.push({ version: this.user.version, appVersion: this.app.version, began: this.kills.length });
    switch (next.type) {
      case 'command':
        this.send(next.command);
        break;
      case 'revoke-app-sessions':
        this.revokeAppSessions();
        break;
      case 'sign-in':
        this.signIn(next.late);
        break;
      case 'sign-out':
        this.signOut(next.which);
        break;
    }
  }

  isDead({ standing }: Minted): boolean {
    const { watermark, watermarkAt: at } = this.user;
    return isDead(
      standing,
      { watermark, at, deadSessions: this.deadSessions },
      { watermark: this.app.watermark, at: this.app.watermarkAt },
    );
  }

  wasKilled({ standing, began }: Minted): boolean {
    return this.kills.slice(began).some((kill) => kill === 'everything' || kill === standing.sid);
  }

  private send(command: UserCommand): void {
    const decision = decideUser(command, this.user);
    if (decision.outcome !== 'fact') return;
    const { fact } = decision;
    const version = this.user.version + 1;
    this.user = evolveUser(this.user, { ...fact, version, time: timeOf(version) });
    if (raisesWatermark(fact.type)) this.kills.push('everything');
    if (fact.type !== 'portcullis.user.session-revoked.v1') return;
    this.kills.push(fact.data.sid);
    this.deadSessions.add(fact.data.sid);
  }

  private revokeAppSessions(): void {
    const decision = decideApp({ type: 'revoke-app-sessions' }, this.app);
    if (decision.outcome !== 'fact') return;
    const version = this.app.version + 1;
    this.app = evolveApp(this.app, { ...decision.fact, version, time: timeOf(version) });
    this.kills.push('everything');
  }

  private signIn(late: number): void {
    const moment = this.moments.at(-1 - Math.min(late, this.moments.length - 1));
    if (!moment) return;
    const { version, appVersion, began } = moment;
    this.minted.push({ standing: { version, appVersion, sid: `token-${this.minted.length}` }, began });
  }

  private signOut(which: number): void {
    const signedOut = this.minted[which % this.minted.length];
    if (!signedOut) return;
    const { sid, version } = signedOut.standing;
    this.send({ type: 'revoke-session', session: { sid, version, revoked: this.deadSessions.has(sid) } });
  }
}
