import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging/logger.js';
import type { KnownPaths } from './known-paths.js';
import { nameMethodNotAllowed } from './method-not-allowed.js';
import type { ProblemBody } from './problem.js';
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
    const answer = toProblem(nameMethodNotAllowed(error, request, this.paths));
    const path = request.url.split('?')[0];
    if (answer.unexpected) this.logger.error({ err: error, correlationId: request.id, path }, 'unexpected error');
    else if (answer.body.status === 503)
      this.logger.warn({ err: error, correlationId: request.id, path }, 'unavailable');
    if (reply.sent) return;
    void reply
      .code(answer.body.status)
      .headers(answer.headers)
      .send(JSON.stringify(this.bodyOf(answer.body)));
  }

  /** The body of an answer; an API of its own form adds what its callers look for. */
  protected bodyOf(body: ProblemBody): object {
    return body;
  }
}
