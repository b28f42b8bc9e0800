import { describe, expect, it } from '@jest/globals';
import { inOrder, timeOf } from '../../../test/support/given.js';
import { evolveUser, raisesWatermark } from './evolve.js';
import type { UserFact } from './facts.js';
import { type UserState, unknownUser } from './state.js';

const registered: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: true } };
const confirmed: UserFact = { type: 'portcullis.user.confirmed.v1', data: {} };
const disabled: UserFact = { type: 'portcullis.user.disabled.v1', data: {} };
const enabled: UserFact = { type: 'portcullis.user.enabled.v1', data: {} };
const sessionsRevoked: UserFact = { type: 'portcullis.user.sessions-revoked.v1', data: {} };
const sessionRevoked: UserFact = { type: 'portcullis.user.session-revoked.v1', data: { sid: 's1' } };
const deleted: UserFact = { type: 'portcullis.user.deleted.v1', data: {} };
const pending: UserFact = { type: 'portcullis.user.registered.v1', data: { confirmed: false } };

const low = { watermark: 0, watermarkAt: 0 };
const at = (version: number) => ({ watermark: version, watermarkAt: timeOf(version) });

/** What is left after each history, so that its last event shows. */
const folds: readonly (readonly [string, readonly UserFact[], UserState])[] = [
  ['nothing happened', [], { status: 'unknown', version: 0, ...low }],
  ['it was registered as pending', [pending], { status: 'pending', version: 1, ...low }],
  ['it was registered as confirmed', [registered], { status: 'confirmed', version: 1, ...low }],
  ['it was confirmed', [pending, confirmed], { status: 'confirmed', version: 2, ...low }],
  ['it was disabled', [registered, disabled], { status: 'disabled', version: 2, ...at(2) }],
  ['it was enabled', [registered, disabled, enabled], { status: 'confirmed', version: 3, ...at(2) }],
  ['its sessions were revoked', [registered, sessionsRevoked], { status: 'confirmed', version: 2, ...at(2) }],
  [
    'its sessions were revoked while it was disabled',
    [registered, disabled, sessionsRevoked],
    { status: 'disabled', version: 3, ...at(3) },
  ],
  ['one session was revoked', [registered, sessionRevoked], { status: 'confirmed', version: 2, ...low }],
  ['it was deleted while pending', [pending, deleted], { status: 'deleted', version: 2, ...at(2) }],
  ['it was deleted while disabled', [registered, disabled, deleted], { status: 'deleted', version: 3, ...at(3) }],
];

describe.each(folds)('given that %s', (_what, facts, expected) => {
  const events = inOrder(facts);

  it('when the events are folded, then the state says so', () => {
    expect(events.reduce(evolveUser, unknownUser)).toEqual(expected);
  });

  it('when any of them is delivered again, then nothing changes', () => {
    const state = events.reduce(evolveUser, unknownUser);
    for (const event of events) expect(evolveUser(state, event)).toBe(state);
  });
});

describe('given the types of a user', () => {
  it.each([
    [disabled.type, true],
    [sessionsRevoked.type, true],
    [deleted.type, true],
    [registered.type, false],
    [confirmed.type, false],
    [enabled.type, false],
    [sessionRevoked.type, false],
  ])('when it is %s, then whether it raises the watermark is %s', (type, raises) => {
    expect(raisesWatermark(type)).toBe(raises);
  });
});
