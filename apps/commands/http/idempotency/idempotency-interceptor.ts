import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable, of } from 'rxjs';
import { Problem, toProblem } from '#libs/platform';
import type { ControlRequest } from '../control-request.js';
import { CommandResults } from './command-results.js';
import type { Question } from './fingerprints.js';

/**
 * Gives a repeated command its first answer (header `Idempotency-Key`, after draft-ietf-httpapi-idempotency-key-header).
 * Refusals are kept as well; an attempt that failed on our side is not, and the next one goes on where it was cut off.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly results: CommandResults) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<ControlRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method === 'GET') return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new Problem(400, 'InvalidRequest', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
    }
    const claim = await this.results.claim(request.admin?.keyId ?? '', key, questionOf(request));
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    switch (claim.outcome) {
      case 'answered':
        void reply.code(claim.answer.status).header('idempotency-replayed', 'true');
        if (claim.answer.status >= 400) void reply.header('content-type', 'application/problem+json');
        return of(claim.answer.body);
      case 'in-progress':
        throw new Problem(409, 'IdempotencyKeyInProgress', 'a command with this Idempotency-Key is under way', {
          headers: { 'retry-after': '1' },
        });
      case 'other-question':
        throw new Problem(422, 'IdempotencyKeyReused', 'this Idempotency-Key was used for another command');
      case 'mine':
        request.idempotency = claim.resumption;
        return from(this.run(claim.id, next, reply));
    }
  }

  private async run(id: string, next: CallHandler, reply: FastifyReply): Promise<unknown> {
    try {
      const body: unknown = await lastValueFrom(next.handle());
      await this.results.keep(id, { status: reply.statusCode, body });
      return body;
    } catch (error) {
      const { body } = toProblem(error);
      const settled = body.status < 500 && body.status !== 429 && body.code !== 'VersionConflict';
      await (settled ? this.results.keep(id, { status: body.status, body }) : this.results.release(id));
      throw error;
    }
  }
}

/** The whole request. Whatever is called a password in its body is what is secret of it. */
function questionOf(request: ControlRequest): Question {
  const passwords: unknown[] = [];
  const body = JSON.stringify(request.body ?? null, (name, value: unknown) => {
    if (name !== 'password') return value;
    passwords.push(value);
    return null;
  });
  return {
    text: `${request.method} ${request.url}\n${body}`,
    secret: passwords.length === 0 ? null : JSON.stringify(passwords),
  };
}
