import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type KnownPaths, type Logger, nameMethodNotAllowed, ProblemFilter } from '#libs/platform';
import { ClientErrorFilter } from '../app-services/client-error.js';
import { OAuthProblemFilter } from './oauth/oauth-problem-filter.js';

/**
 * Answers errors, also those that no controller saw (a body that is no JSON, a path that does not exist), in the form of
 * the API that was asked: App Services' own under its paths, problem documents elsewhere, with OAuth's word under its.
 */
@Catch()
export class ErrorsByPath implements ExceptionFilter {
  private readonly problems: ExceptionFilter;
  private readonly oauth: ExceptionFilter;
  private readonly appServices: ExceptionFilter;

  constructor(
    logger: Logger,
    private readonly paths: KnownPaths,
  ) {
    this.problems = new ProblemFilter(logger, paths);
    this.oauth = new OAuthProblemFilter(logger, paths);
    this.appServices = new ClientErrorFilter(logger);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    if (request.url.startsWith('/api/')) {
      this.appServices.catch(nameMethodNotAllowed(error, request, this.paths), host);
    } else {
      (request.url.startsWith('/oauth/') ? this.oauth : this.problems).catch(error, host);
    }
  }
}
