import { codeOf, type Logger, Problem } from '#libs/platform';
import type { ControlRequest } from '../control-request.js';

/** What is done to an admin key or a signing key. */
export type KeyOperation = 'make-admin-key' | 'remove-admin-key' | 'rotate-signing-key' | 'remove-signing-key';

/** Which key it was; nothing of what is secret of it. */
export interface KeyInQuestion {
  readonly keyId?: string;
  readonly role?: string;
  readonly kid?: string;
}

/** An id that a caller gave, unless it is longer than any: it may be a key that was taken for its id. */
export function loggable(id: string): string {
  return id.length <= 43 ? id : 'too long';
}

/** One log line for each operation on a key, whatever it comes to. */
export class KeyLog {
  constructor(private readonly logger: Logger) {}

  /** `key` is what is known before, `found` tells the rest from the result. */
  async watch<T>(
    operation: KeyOperation,
    request: ControlRequest,
    key: KeyInQuestion,
    run: () => Promise<T>,
    found: (result: T) => KeyInQuestion = () => ({}),
  ): Promise<T> {
    const actor = { kind: 'admin', id: request.admin?.keyId ?? '' };
    const line = { operation, actor, correlationId: request.id, ...key };
    try {
      const result = await run();
      this.logger.info({ ...line, ...found(result), outcome: 'done' }, 'key operation');
      return result;
    } catch (error) {
      const code = error instanceof Problem ? error.code : codeOf(error);
      this.logger.info({ ...line, outcome: 'failed', code }, 'key operation');
      throw error;
    }
  }
}
