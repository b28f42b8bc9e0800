import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Accounts, EmailTaken } from '#libs/accounts';
import { EventStore } from '#libs/event-store';
import { CommandLog } from '../decisions/command-log.js';
import { CommandRefused } from '../decisions/command-refused.js';
import type { CommandOutcome } from '../decisions/outcome.js';
import type { SentCommand } from '../decisions/sent-command.js';
import { UserDecisions } from '../decisions/user-decisions.js';
import { NEW_USER_ID } from '../http/injection-tokens.js';

/** Register a user with an email and a password. */
export class RegisterUser extends Command<CommandOutcome> {
  constructor(
    readonly app: string,
    readonly email: string,
    readonly password: string,
    readonly confirmed: boolean,
    readonly sent: SentCommand,
  ) {
    super();
  }
}

/**
 * The account first, since the uniqueness of its address is the decision; then the event; then the password is settled
 * on the attempt whose event it was. A crash in between is finished by the next attempt on the address.
 */
@CommandHandler(RegisterUser)
export class RegisterUserHandler implements ICommandHandler<RegisterUser> {
  constructor(
    private readonly decisions: UserDecisions,
    private readonly accounts: Accounts,
    private readonly store: EventStore,
    private readonly log: CommandLog,
    @Inject(NEW_USER_ID) private readonly newUserId: () => string,
  ) {}

  execute(command: RegisterUser): Promise<CommandOutcome> {
    // Whom it makes is known when it is done.
    const stream = { app: command.app, userId: null };
    return this.log.watch('register', stream, command.sent, () => this.register(command));
  }

  private async register(command: RegisterUser): Promise<CommandOutcome> {
    const { app, email, sent } = command;
    const user = { app, userId: await this.claim(command) };
    try {
      const outcome = await this.decisions.execute(user, { type: 'register', confirmed: command.confirmed }, sent);
      await this.accounts.settle(user.userId, sent.commandId);
      return outcome;
    } catch (error) {
      const lost = error instanceof CommandRefused && error.code === 'UserAlreadyRegistered';
      if (!lost) throw error;
      const holder = await this.accounts.findByEmail(app, email);
      throw new EmailTaken(holder?.userId ?? user.userId);
    }
  }

  /** Whom to register: a new user, one whom an earlier attempt left unfinished, or the one that this very command made. */
  private async claim({ app, email, password, sent }: RegisterUser): Promise<string> {
    try {
      const claim = { app, email, password, attempt: sent.commandId, newUserId: this.newUserId() };
      return (await this.accounts.claimEmail(claim)).userId;
    } catch (error) {
      if (!(error instanceof EmailTaken) || sent.resumedSince === null) throw error;
      const first = await this.store.firstCommandId({ app, userId: error.userId });
      if (first !== sent.commandId) throw error;
      return error.userId;
    }
  }
}
