import fc from 'fast-check';
import type { UserCommand } from '#libs/domain';

/** Any command that can be sent to a user; deletion is rare, so that sequences live long. */
export const userCommand: fc.Arbitrary<UserCommand> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('register' as const), confirmed: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom('confirm', 'disable', 'enable', 'revoke-sessions') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('revoke-session' as const),
      session: fc.record({ sid: fc.constantFrom('s1', 's2', 's3'), version: fc.nat(30), revoked: fc.boolean() }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const) }) },
);

/** Any sequence of commands to one user; most of them start by registering, since before that all else is refused. */
export const userCommands: fc.Arbitrary<UserCommand[]> = fc
  .tuple(
    fc.option(fc.record({ type: fc.constant('register' as const), confirmed: fc.boolean() })),
    fc.array(userCommand, { maxLength: 40 }),
  )
  .map(([first, rest]) => (first ? [first, ...rest] : rest));
