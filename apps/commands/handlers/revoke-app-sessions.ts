import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AppDecisions } from '../decisions/app-decisions.js';
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
  constructor(private readonly decisions: AppDecisions) {}

  execute({ app, sent }: RevokeAppSessions): Promise<CommandOutcome> {
    return this.decisions.execute(app, { type: 'revoke-app-sessions' }, sent);
  }
}
