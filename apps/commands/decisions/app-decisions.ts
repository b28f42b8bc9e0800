import { type AppCommand, type AppState, decideApp } from '#libs/domain';
import type { EventStore } from '#libs/event-store';
import { revocationOf } from '#libs/revocations';
import { CommandRefused } from './command-refused.js';
import { decideOnce } from './decide-once.js';
import type { Enforcement } from './enforcement.js';
import { type CommandOutcome, outcomeOf } from './outcome.js';
import type { SentCommand } from './sent-command.js';

/** Takes a command to an app's own stream: everyone at once. Errors as of {@link UserDecisions}. */
export class AppDecisions {
  constructor(
    private readonly store: EventStore,
    private readonly enforcement: Enforcement,
    private readonly now: () => number,
  ) {}

  async execute(app: string, command: AppCommand, sent: SentCommand): Promise<CommandOutcome> {
    const stream = { app, userId: null };
    return await decideOnce(sent, this.now, async (lookBackTo) => {
      const state = await this.store.loadApp(app);
      const since = lookBackTo();
      const earlier = since === null ? null : await this.store.findByCommand(stream, sent.commandId, since);
      const appended = earlier ?? (await this.append(app, state, command, sent));
      const enforced = await this.enforcement.enforce(
        revocationOf(appended.event),
        earlier ? null : appended.event.time,
      );
      return outcomeOf(stream, appended.event.version, appended, enforced);
    });
  }

  private async append(app: string, state: AppState, command: AppCommand, sent: SentCommand) {
    const decision = decideApp(command, state);
    if (decision.outcome === 'refused') throw new CommandRefused(decision.code);
    if (decision.outcome === 'nothing-to-do') throw new Error('everyone at once always has something to do');
    return await this.store.appendToApp(app, state, decision.fact, sent);
  }
}
