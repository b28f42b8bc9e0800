import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ClientError } from './client-error.js';

/** The bearer token of a request to the client API. */
export const Bearer = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new ClientError(401, 'InvalidSession', 'unauthorized');
  return token;
});
