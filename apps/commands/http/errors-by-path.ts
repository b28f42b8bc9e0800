import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * Answers the errors that no controller saw (a body that is no JSON, a path that does not exist) in the form of the API
 * that was asked: App Services' own under its paths, problem documents elsewhere.
 */
@Catch()
export class ErrorsByPath implements ExceptionFilter {
  constructor(
    private readonly problems: ExceptionFilter,
    private readonly appServices: ExceptionFilter,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { url } = host.switchToHttp().getRequest<FastifyRequest>();
    (url.startsWith('/api/') ? this.appServices : this.problems).catch(error, host);
  }
}
