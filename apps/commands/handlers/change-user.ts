import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { UserCommand } from '#libs/domain';
import type { UserRef } from '#libs/event-store';
import { CommandLog } from '../decisions/command-log.js';
import type { CommandOutcome } from '../decisions/outcome.js';
import type { SentCommand } from '../decisions/sent-command.js';
import { UserDecisions } from '../decisions/user-decisions.js';

/** Confirm, disable, enable, revoke the sessions of, or delete a user. */
export class ChangeUser extends Command<CommandOutcome> {
  constructor(
    readonly user: UserRef,
    readonly change: Extract<UserCommand, { type: 'confirm' | 'disable' | 'enable' | 'revoke-sessions' | 'delete' }>,
    readonly sent: SentCommand,
  ) {
    super();
  }
}

@CommandHandler(ChangeUser)
export class ChangeUserHandler implements ICommandHandler<ChangeUser> {
  constructor(
    private readonly decisions: UserDecisions,
    private readonly log: CommandLog,
  ) {}

  execute({ user, change, sent }: ChangeUser): Promise<CommandOutcome> {
    return this.log.watch(change.type, user, sent, () => this.decisions.execute(user, change, sent));
  }
}
