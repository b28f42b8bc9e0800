import type { RefusalCode } from '#libs/domain';
import type { StreamId } from '#libs/event-store';
import { codeOf, type Logger, type Metrics } from '#libs/platform';
import type { CommandOutcome } from './outcome.js';
import type { SentCommand } from './sent-command.js';

/** Codes of errors that say no to a command, and go on saying so. */
const refusals: ReadonlySet<string> = new Set<RefusalCode | 'email-taken' | 'attempt-reused' | 'SessionNotFound'>([
  'UserNotFound',
  'UserAlreadyRegistered',
  'UserAlreadyConfirmed',
  'UserNotConfirmed',
  'email-taken',
  'attempt-reused',
  'SessionNotFound',
]);
/** Codes of errors of those who lost a race. */
const conflicts: ReadonlySet<string> = new Set(['version-conflict', 'email-contended']);

/** One log line and one count for each command, whatever it comes to: the whole of a handler runs in {@link watch}. */
export class CommandLog {
  constructor(
    private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {}

  /** `stream` is what the command is sent to; `userId` is null for a user who is to be made, or for the app. */
  async watch(
    command: string,
    stream: StreamId,
    sent: SentCommand,
    run: () => Promise<CommandOutcome>,
  ): Promise<CommandOutcome> {
    const began = performance.now();
    const line = {
      command,
      userId: stream.userId,
      app: stream.app,
      actor: sent.actor,
      commandId: sent.commandId,
      correlationId: sent.correlationId,
    };
    const took = () => Math.round((performance.now() - began) * 100) / 100;
    try {
      const outcome = await run();
      const [event] = outcome.events;
      this.metrics.commands.inc({ command, outcome: event ? 'fact' : 'nothing-to-do' });
      this.logger.info(
        {
          ...line,
          userId: outcome.userId,
          outcome: event?.type ?? 'nothing-to-do',
          version: outcome.version,
          enforcement: outcome.enforcement.status,
          ms: took(),
        },
        'command',
      );
      return outcome;
    } catch (error) {
      const code = codeOf(error);
      const outcome = failureOf(code);
      this.metrics.commands.inc({ command, outcome });
      this.logger.info({ ...line, outcome, code, ms: took() }, 'command');
      throw error;
    }
  }
}

function failureOf(code: string | null): 'refused' | 'conflict' | 'failed' {
  if (code === null) return 'failed';
  if (refusals.has(code)) return 'refused';
  return conflicts.has(code) ? 'conflict' : 'failed';
}
