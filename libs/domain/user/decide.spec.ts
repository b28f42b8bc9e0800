import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Expected, givenUser, nothingToDo, refused } from '../../../test/support/given.js';
import type { UserCommand } from './commands.js';
import type { UserFact } from './facts.js';

const registered = (confirmed: boolean): UserFact => ({ type: 'portcullis.user.registered.v1', data: { confirmed } });
const confirmed: UserFact = { type: 'portcullis.user.confirmed.v1', data: {} };
const disabled: UserFact = { type: 'portcullis.user.disabled.v1', data: {} };
const enabled: UserFact = { type: 'portcullis.user.enabled.v1', data: {} };
const sessionsRevoked: UserFact = { type: 'portcullis.user.sessions-revoked.v1', data: {} };
const sessionRevoked: UserFact = { type: 'portcullis.user.session-revoked.v1', data: { sid: 's1' } };
const deleted: UserFact = { type: 'portcullis.user.deleted.v1', data: {} };

const endSession = (version: number, revoked = false): UserCommand => ({
  type: 'revoke-session',
  session: { sid: 's1', version, revoked },
});

/** Where a history below raises a watermark, it raises it to version 2. */
const commands = [
  ['registered as confirmed', { type: 'register', confirmed: true }],
  ['registered as pending', { type: 'register', confirmed: false }],
  ['confirmed', { type: 'confirm' }],
  ['disabled', { type: 'disable' }],
  ['enabled', { type: 'enable' }],
  ['told to end all sessions', { type: 'revoke-sessions' }],
  ['told to end a session from above the watermark', endSession(3)],
  ['told to end a session from the very version of the watermark', endSession(2)],
  ['told to end a session from below the watermark', endSession(1)],
  ['told to end a session that has ended', endSession(3, true)],
  ['deleted', { type: 'delete' }],
] as const satisfies readonly (readonly [string, UserCommand])[];

type When = (typeof commands)[number][0];
type Cells = Readonly<Record<When, Expected<UserFact>>>;

function specify(who: string, facts: readonly UserFact[], cells: Cells): void {
  describe(`given ${who}`, () => {
    for (const [when, command] of commands) {
      it(`when it is ${when}, then ${inWords(cells[when])}`, () => {
        givenUser(...facts)
          .when(command)
          .thenExpect(cells[when]);
      });
    }
  });
}

function inWords(expected: Expected<UserFact>): string {
  if (!('outcome' in expected)) return `the fact is ${expected.type}`;
  return expected.outcome === 'refused' ? `the answer is ${expected.code}` : 'there is nothing to do';
}

const takenAlready = {
  'registered as confirmed': refused('UserAlreadyRegistered'),
  'registered as pending': refused('UserAlreadyRegistered'),
};

const notFound = {
  confirmed: refused('UserNotFound'),
  disabled: refused('UserNotFound'),
  enabled: refused('UserNotFound'),
  'told to end all sessions': refused('UserNotFound'),
  'told to end a session from above the watermark': refused('UserNotFound'),
  'told to end a session from the very version of the watermark': refused('UserNotFound'),
  'told to end a session from below the watermark': refused('UserNotFound'),
  'told to end a session that has ended': refused('UserNotFound'),
  deleted: refused('UserNotFound'),
};

specify('an unknown user', [], {
  'registered as confirmed': registered(true),
  'registered as pending': registered(false),
  ...notFound,
});

specify('a pending user', [registered(false)], {
  ...takenAlready,
  confirmed,
  disabled: refused('UserNotConfirmed'),
  enabled: refused('UserNotConfirmed'),
  'told to end all sessions': nothingToDo,
  'told to end a session from above the watermark': nothingToDo,
  'told to end a session from the very version of the watermark': nothingToDo,
  'told to end a session from below the watermark': nothingToDo,
  'told to end a session that has ended': nothingToDo,
  deleted,
});

const ofConfirmed: Cells = {
  ...takenAlready,
  confirmed: refused('UserAlreadyConfirmed'),
  disabled,
  enabled: nothingToDo,
  'told to end all sessions': sessionsRevoked,
  'told to end a session from above the watermark': sessionRevoked,
  'told to end a session from the very version of the watermark': sessionRevoked,
  'told to end a session from below the watermark': nothingToDo,
  'told to end a session that has ended': nothingToDo,
  deleted,
};
specify('a confirmed user whose sessions were revoked', [registered(true), sessionsRevoked], ofConfirmed);
specify('a user enabled again', [registered(true), disabled, enabled], ofConfirmed);

const withoutWatermark: Cells = {
  ...ofConfirmed,
  'told to end a session from below the watermark': sessionRevoked,
};
specify('a user registered as confirmed', [registered(true)], withoutWatermark);
specify('a user confirmed later', [registered(false), confirmed], withoutWatermark);
specify('a confirmed user of whom one session was revoked', [registered(true), sessionRevoked], withoutWatermark);

specify('a disabled user', [registered(true), disabled], { ...ofConfirmed, disabled: nothingToDo, enabled });

const ofDeleted: Cells = { ...takenAlready, ...notFound };
specify('a user deleted while pending', [registered(false), deleted], ofDeleted);
specify('a user deleted while confirmed', [registered(true), deleted], ofDeleted);
specify('a user deleted while disabled', [registered(true), disabled, deleted], ofDeleted);

describe('given the table of docs/architecture.md, section 5', () => {
  const histories = new Map<string | undefined, readonly UserFact[]>([
    ['unknown', []],
    ['pending', [registered(false)]],
    ['confirmed', [registered(true)]],
    ['disabled', [registered(true), disabled]],
    ['deleted', [registered(true), deleted]],
  ]);
  const columns = new Map<string | undefined, UserCommand>([
    ['register', { type: 'register', confirmed: false }],
    ['confirm', { type: 'confirm' }],
    ['disable', { type: 'disable' }],
    ['enable', { type: 'enable' }],
    ['revoke sessions', { type: 'revoke-sessions' }],
    ['delete', { type: 'delete' }],
  ]);
  const meanings = new Map<string, Expected<UserFact>>([
    ['UserRegistered', registered(false)],
    ['UserConfirmed', confirmed],
    ['UserDisabled', disabled],
    ['UserEnabled', enabled],
    ['SessionsRevoked', sessionsRevoked],
    ['UserDeleted', deleted],
    ['nothing to do', nothingToDo],
    ['refused: UserNotFound', refused('UserNotFound')],
    ['refused: UserNotConfirmed', refused('UserNotConfirmed')],
    ['refused: UserAlreadyConfirmed', refused('UserAlreadyConfirmed')],
    ['refused: UserAlreadyRegistered', refused('UserAlreadyRegistered')],
  ]);
  const [header = [], , ...rows] = tableOf(new URL('../../../docs/architecture.md', import.meta.url), '| state |');

  it('then it has every state and every command', () => {
    expect(rows.map(([state]) => state).sort()).toEqual([...histories.keys()].sort());
    expect(header.slice(1).sort()).toEqual([...columns.keys()].sort());
  });

  for (const [state, ...cells] of rows) {
    for (const [index, cell] of cells.entries()) {
      const column = header[index + 1];
      it(`when the command is ${column} and the state ${state}, then its cell is true: ${cell}`, () => {
        const facts = histories.get(state);
        const command = columns.get(column);
        const expected = meanings.get(cell);
        if (!facts || !command || !expected) throw new Error('the page says something that this test does not know');
        givenUser(...facts)
          .when(command)
          .thenExpect(expected);
      });
    }
  }
});

/** The cells of the Markdown table that begins with `start`, its header and ruler included. */
function tableOf(page: URL, start: string): string[][] {
  const lines = readFileSync(page, 'utf8').split('\n');
  const first = lines.findIndex((line) => line.startsWith(start));
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'));
  return lines.slice(first, first + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
