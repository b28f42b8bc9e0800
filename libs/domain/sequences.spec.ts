import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { inOrder } from '../../test/support/given.js';
import { userCommands } from '../../test/support/user-commands.js';
import type { CommandContext } from './events/event.js';
import { currentRevision, eventSchema, factTypes } from './events/schema.js';
import type { UserCommand } from './user/commands.js';
import { decideUser } from './user/decide.js';
import { evolveUser, type UserStep } from './user/evolve.js';
import type { UserFact } from './user/facts.js';
import { type UserState, unknownUser } from './user/state.js';

/** Sends the commands one after the other to one stream; gives its events, and the state after each command. */
function play(sequence: readonly UserCommand[]): { events: UserStep[]; states: UserState[] } {
  const facts: UserFact[] = [];
  const states = [unknownUser];
  for (const next of sequence) {
    const decision = decideUser(next, fold(inOrder(facts)));
    if (decision.outcome === 'fact') facts.push(decision.fact);
    states.push(fold(inOrder(facts)));
  }
  return { events: inOrder(facts), states };
}

function fold(events: readonly UserStep[], from: UserState = unknownUser): UserState {
  return events.reduce(evolveUser, from);
}

/** What a recorded event says beside its fact and its place. */
const context: fc.Arbitrary<CommandContext & { id: string; app: string; userId: string }> = fc.record({
  id: fc.uuid(),
  app: fc.string({ minLength: 1, maxLength: 64 }),
  userId: fc.oneof(
    fc.string({ minLength: 24, maxLength: 24, unit: fc.constantFrom(...'0123456789abcdef') }),
    fc.constant('okta|jane'),
  ),
  commandId: fc.uuid(),
  correlationId: fc.uuid(),
  actor: fc.record({
    kind: fc.constantFrom('admin', 'user', 'system'),
    id: fc.string({ minLength: 1, maxLength: 256 }),
  }),
  reason: fc.option(fc.string({ maxLength: 500, unit: 'grapheme' }).map((text) => [...text].slice(0, 500).join(''))),
});

describe('given any sequence of commands to a user', () => {
  it('then the watermark never falls, and never passes the version', () => {
    fc.assert(
      fc.property(userCommands, (sequence) => {
        let before = unknownUser;
        for (const state of play(sequence).states) {
          expect(state.watermark).toBeGreaterThanOrEqual(before.watermark);
          expect(state.watermark).toBeLessThanOrEqual(state.version);
          before = state;
        }
      }),
    );
  });

  it('then versions have no gaps: a command raises the version by one with its fact, and by nothing without', () => {
    fc.assert(
      fc.property(userCommands, (sequence) => {
        const { states } = play(sequence);
        for (const [index, next] of sequence.entries()) {
          const before = states[index] ?? unknownUser;
          const yielded = decideUser(next, before).outcome === 'fact' ? 1 : 0;
          expect(states[index + 1]?.version).toBe(before.version + yielded);
        }
      }),
    );
  });

  it('when the user is deleted, then nothing more happens, whatever comes', () => {
    fc.assert(
      fc.property(userCommands, userCommands, (sequence, more) => {
        const { events } = play([{ type: 'register', confirmed: true }, ...sequence, { type: 'delete' }, ...more]);
        const end = events.findIndex((event) => event.type === 'portcullis.user.deleted.v1');
        expect(end).toBe(events.length - 1);
        expect(fold(events).status).toBe('deleted');
      }),
    );
  });

  it('then the first event, and no other, is the registration', () => {
    fc.assert(
      fc.property(userCommands, (sequence) => {
        for (const { type, version } of play(sequence).events) {
          expect(type === 'portcullis.user.registered.v1').toBe(version === 1);
        }
      }),
    );
  });

  it('when any prefix is folded twice, then the state is the same', () => {
    fc.assert(
      fc.property(userCommands, fc.nat(40), (sequence, length) => {
        const prefix = play(sequence).events.slice(0, length);
        const once = fold(prefix);
        expect(fold(prefix)).toEqual(once);
        expect(fold(prefix, once)).toEqual(once);
      }),
    );
  });

  it('when deliveries of its stream are repeated, then the state is always that of the newest event so far', () => {
    fc.assert(
      fc.property(userCommands, fc.array(fc.tuple(fc.nat(20), fc.nat(20))), (sequence, rewinds) => {
        const { events } = play(sequence);
        let state = unknownUser;
        let newest = 0;
        for (const event of delivered(events, rewinds)) {
          state = evolveUser(state, event);
          newest = Math.max(newest, event.version);
          expect(state).toEqual(fold(events.slice(0, newest)));
        }
        expect(state).toEqual(fold(events));
      }),
    );
  });

  it('then every fact satisfies the schema of its event when it is recorded', () => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    const validators = new Map<string, ReturnType<typeof ajv.compile>>();
    for (const type of factTypes) validators.set(type, ajv.compile(eventSchema(type)));

    fc.assert(
      fc.property(userCommands, context, (sequence, recordedWith) => {
        for (const event of play(sequence).events) {
          const validate = validators.get(event.type);
          const recorded = { ...event, revision: currentRevision[event.type], ...recordedWith };
          expect({ valid: validate?.(recorded), errors: validate?.errors }).toEqual({ valid: true, errors: null });
        }
      }),
    );
  });
});

/** A stream delivered at least once: for each pair the reader reads so many events and then goes so many back. */
function delivered(events: readonly UserStep[], rewinds: readonly (readonly [number, number])[]): UserStep[] {
  const deliveries: UserStep[] = [];
  let position = 0;
  for (const [forward, back] of rewinds) {
    const read = events.slice(position, position + forward);
    deliveries.push(...read);
    position = Math.max(0, position + read.length - back);
  }
  return [...deliveries, ...events.slice(position)];
}
