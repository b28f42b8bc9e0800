import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AppDecisions } from '../decisions/app-decisions.js';
import { CommandLog } from '../decisions/command-log.js';
import type { CommandOutcome } from '../decisions/outcome.js';
import type { SentCommand } from '../decisions/sent-command.js';

/** Everyone at once: every token of every user of the app dies. */
export class RevokeAppSessions extends Command<CommandOutcome> {
  constructor(
    readonly app: string,
    readonly sent: SentCommand,
  ) {
    super();
  }
}

@CommandHandler(RevokeAppSessions)
export class RevokeAppSessionsHandler implements ICommandHandler<RevokeAppSessions> {
  constructor(
    private readonly decisions: AppDecisions,
    private readonly log: CommandLog,
  ) {}

  execute({ app, sent }: RevokeAppSessions): Promise<CommandOutcome> {
    const command = { type: 'revoke-app-sessions' } as const;
    return this.log.watch(command.type, { app, userId: null }, sent, () => this.decisions.execute(app, command, sent));
  }
}
