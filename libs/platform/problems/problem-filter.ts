import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging/logger.js';
import type { KnownPaths } from './known-paths.js';
import { Problem } from './problem.js';
import { toProblem } from './to-problem.js';

/** Answers every error of a Nest app with a problem document, and logs what was not expected. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly paths: KnownPaths,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const answer = toProblem(this.nameMethodNotAllowed(error, request));
    const path = request.url.split('?')[0];
    if (answer.unexpected) this.logger.error({ err: error, correlationId: request.id, path }, 'unexpected error');
    else if (answer.body.status === 503)
      this.logger.warn({ err: error, correlationId: request.id, path }, 'unavailable');
    if (reply.sent) return;
    void reply.code(answer.body.status).headers(answer.headers).send(JSON.stringify(answer.body));
  }

  /** A route that does not exist for this method, but for others, is a 405 (RFC 9110, section 15.5.6). */
  private nameMethodNotAllowed(error: unknown, request: FastifyRequest): unknown {
    if (!(error instanceof NotFoundException)) return error;
    const methods = this.paths.methodsOf(request.url.split('?')[0] ?? '');
    if (methods.length === 0 || methods.includes(request.method)) return error;
    return new Problem(405, 'MethodNotAllowed', `${request.method} is not possible here; use ${methods.join(' or ')}`, {
      headers: { allow: methods.join(', ') },
    });
  }
}
