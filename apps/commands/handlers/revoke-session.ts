import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Sessions } from '#libs/accounts';
import type { UserRef } from '#libs/event-store';
import { CommandLog } from '../decisions/command-log.js';
import type { CommandOutcome } from '../decisions/outcome.js';
import type { SentCommand } from '../decisions/sent-command.js';
import { UserDecisions } from '../decisions/user-decisions.js';

/** The user has no such session. */
export class SessionNotFound extends Error {
  readonly code = 'SessionNotFound';
  constructor() {
    super('the user has no such session');
  }
}

/** Revoke one session of a user: signing out, or an administrator's choice. */
export class RevokeSession extends Command<CommandOutcome> {
  constructor(
    readonly user: UserRef,
    readonly sid: string,
    readonly sent: SentCommand,
  ) {
    super();
  }
}

@CommandHandler(RevokeSession)
export class RevokeSessionHandler implements ICommandHandler<RevokeSession> {
  constructor(
    private readonly decisions: UserDecisions,
    private readonly sessions: Sessions,
    private readonly log: CommandLog,
  ) {}

  execute(command: RevokeSession): Promise<CommandOutcome> {
    return this.log.watch('revoke-session', command.user, command.sent, () => this.revoke(command));
  }

  /** The event first, since it is the truth; then the session's own mark, which the log repeats after a crash. */
  private async revoke({ user, sid, sent }: RevokeSession): Promise<CommandOutcome> {
    const session = await this.sessions.find(sid);
    if (session?.userId !== user.userId || session.app !== user.app) throw new SessionNotFound();
    const standing = { sid, version: session.version, revoked: session.revokedAt !== undefined };
    const outcome = await this.decisions.execute(user, { type: 'revoke-session', session: standing }, sent);
    if (outcome.events.length > 0) await this.sessions.markRevoked(sid);
    return outcome;
  }
}
