import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, toProblem } from '#libs/platform';
import { LOGGER } from '../http/injection-tokens.js';
import { SessionRefused } from '../sign-in/living-session.js';
import { SignInRefused, SignInSlowed } from '../sign-in/sign-in-refused.js';

/** An error as App Services' clients know it: `{error, error_code, link}`. */
export class ClientError extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

const refusals = {
  'invalid-credentials': new ClientError(401, 'InvalidPassword', 'unauthorized'),
  'not-confirmed': new ClientError(401, 'AuthError', 'unauthorized'),
  'user-disabled': new ClientError(401, 'UserDisabled', 'user disabled'),
  // A client acts on InvalidSession alone: it refreshes, and where that is refused too, it signs out.
  'wrong-type': new ClientError(401, 'InvalidSession', 'invalid session: incorrect token type'),
  invalid: new ClientError(401, 'InvalidSession', 'invalid session'),
  dead: new ClientError(401, 'InvalidSession', 'invalid session: failed to find refresh token'),
} as const;

/** Turns whatever was thrown into the error that an App Services client expects. */
export function toClientError(error: unknown): ClientError & { readonly unexpected?: boolean } {
  if (error instanceof ClientError) return error;
  if (error instanceof SignInRefused || error instanceof SessionRefused) return refusals[error.code];
  if (error instanceof SignInSlowed) {
    const seconds = String(Math.ceil(error.retryAfterMs / 1_000));
    return new ClientError(429, 'TooManyRequests', error.message, { 'retry-after': seconds });
  }
  const { body, headers, unexpected } = toProblem(error);
  const { 'content-type': _ours, ...rest } = headers;
  return Object.assign(new ClientError(body.status, body.code, body.detail ?? body.title, rest), { unexpected });
}

/** Answers the errors of the App Services client API in its own form. */
@Catch()
export class ClientErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toClientError(thrown);
    if (error.unexpected) this.logger.error({ err: thrown, correlationId: request.id }, 'unexpected error');
    void reply
      .code(error.status)
      .headers({ 'content-type': 'application/json', 'cache-control': 'no-store', ...error.headers })
      .send(JSON.stringify({ error: error.message, error_code: error.errorCode, link: '' }));
  }
}
