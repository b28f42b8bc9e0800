import { describe, expect, it } from '@jest/globals';
import { givenApp, inOrder, timeOf } from '../../../test/support/given.js';
import { evolveApp, newApp } from './decide.js';
import type { AppFact } from './facts.js';

const revoked: AppFact = { type: 'portcullis.app.sessions-revoked.v1', data: {} };

describe('given an app of which nothing is known', () => {
  it('when everyone is signed out, then that is a fact', () => {
    givenApp().when({ type: 'revoke-app-sessions' }).thenExpect(revoked);
  });
});

describe('given an app whose sessions were revoked', () => {
  it('when everyone is signed out, then that is a fact again, since sessions may have begun in between', () => {
    givenApp(revoked).when({ type: 'revoke-app-sessions' }).thenExpect(revoked);
  });
});

describe('given two events of an app', () => {
  const events = inOrder([revoked, revoked]);

  it('when they are folded, then the watermark is the version and the time of the later one', () => {
    expect(events.reduce(evolveApp, newApp)).toEqual({ version: 2, watermark: 2, watermarkAt: timeOf(2) });
  });

  it('when they are delivered again, then nothing changes', () => {
    const state = events.reduce(evolveApp, newApp);
    for (const event of events) expect(evolveApp(state, event)).toBe(state);
  });
});
