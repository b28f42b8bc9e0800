import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SentCommand } from '../decisions/sent-command.js';
import type { ControlRequest } from './control-request.js';

/** The context of a command sent by an administrator, made of the request: who, under which ids, and why. */
export const Sent = createParamDecorator((_data: unknown, context: ExecutionContext): SentCommand => {
  const request = context.switchToHttp().getRequest<ControlRequest>();
  return sentBy(request, { kind: 'admin', id: request.admin?.keyId ?? '' }, reasonIn(request.body));
});

/** The context of a command that `actor` sent with this request. */
export function sentBy(request: ControlRequest, actor: SentCommand['actor'], reason: string | null): SentCommand {
  return {
    commandId: request.idempotency?.commandId ?? randomUUID(),
    resumedSince: request.idempotency?.resumedSince ?? null,
    heldSince: request.idempotency?.heldSince ?? null,
    correlationId: request.id,
    actor,
    reason,
  };
}

function reasonIn(body: unknown): string | null {
  return typeof body === 'object' && body !== null && 'reason' in body && typeof body.reason === 'string'
    ? body.reason
    : null;
}
