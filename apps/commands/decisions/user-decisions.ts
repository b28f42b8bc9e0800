import { decideUser, type UserCommand, type UserState } from '#libs/domain';
import type { EventStore, UserRef } from '#libs/event-store';
import { type Revocation, revocationOf } from '#libs/revocations';
import { CommandRefused } from './command-refused.js';
import { decideOnce } from './decide-once.js';
import type { Enforcement } from './enforcement.js';
import { type CommandOutcome, outcomeOf } from './outcome.js';
import type { SentCommand } from './sent-command.js';

/** Takes a command to a user's stream: load, decide, append at the expected version, enforce. */
export class UserDecisions {
  constructor(
    private readonly store: EventStore,
    private readonly enforcement: Enforcement,
    private readonly now: () => number,
  ) {}

  /**
   * @throws CommandRefused when the decider refuses, VersionConflict when the race was lost twice, StoreUnavailable
   * when nothing could be appended.
   */
  async execute(user: UserRef, command: UserCommand, sent: SentCommand): Promise<CommandOutcome> {
    return await decideOnce(sent, this.now, (lookBackTo) => this.decide(user, command, sent, lookBackTo));
  }

  private async decide(
    user: UserRef,
    command: UserCommand,
    sent: SentCommand,
    lookBackTo: () => number | null,
  ): Promise<CommandOutcome> {
    const state = await this.store.loadUser(user);
    const since = lookBackTo();
    const earlier = since === null ? null : await this.store.findByCommand(user, sent.commandId, since);
    if (earlier) {
      const enforced = await this.enforcement.enforce(revocationOf(earlier.event), null);
      return outcomeOf(user, earlier.event.version, earlier, enforced);
    }
    const decision = decideUser(command, state);
    if (decision.outcome === 'refused') throw new CommandRefused(decision.code);
    if (decision.outcome === 'nothing-to-do') {
      // The caller wants it enforced, and the write that did so may have failed at the time: it is repeated.
      const enforced = await this.enforcement.enforce(standingRevocation(user, command, state, this.now()), null);
      return outcomeOf(user, state.version, null, enforced);
    }
    const appended = await this.store.appendToUser(user, state, decision.fact, sent);
    const enforced = await this.enforcement.enforce(revocationOf(appended.event), appended.event.time);
    return outcomeOf(user, appended.event.version, appended, enforced);
  }
}

/** What a command that had nothing to do would have had the set say. */
function standingRevocation(user: UserRef, command: UserCommand, state: UserState, now: number): Revocation | null {
  if (command.type === 'revoke-session' && command.session.revoked) {
    return { subject: user, sid: command.session.sid, at: now };
  }
  if (state.watermark === 0) return null;
  return { subject: user, watermark: state.watermark, at: state.watermarkAt };
}
