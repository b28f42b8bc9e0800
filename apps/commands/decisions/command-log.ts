import type { StreamId } from '#libs/event-store';
import { VersionConflict } from '#libs/event-store';
import { codeOf, type Logger, type Metrics } from '#libs/platform';
import { CommandRefused } from './command-refused.js';
import type { CommandOutcome } from './outcome.js';
import type { SentCommand } from './sent-command.js';

/** One log line and one count for each command, whatever it comes to. */
export class CommandLog {
  constructor(
    private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {}

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
          outcome: event?.type ?? 'nothing-to-do',
          version: outcome.version,
          enforcement: outcome.enforcement.status,
          ms: took(),
        },
        'command',
      );
      return outcome;
    } catch (error) {
      const outcome =
        error instanceof CommandRefused ? 'refused' : error instanceof VersionConflict ? 'conflict' : 'failed';
      this.metrics.commands.inc({ command, outcome });
      const code = codeOf(error);
      this.logger.info({ ...line, outcome, code, ms: took() }, 'command');
      throw error;
    }
  }
}
