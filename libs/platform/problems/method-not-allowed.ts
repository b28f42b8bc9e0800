import { NotFoundException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { KnownPaths } from './known-paths.js';
import { Problem } from './problem.js';

/** A route that does not exist for this method, but for others, is a 405 (RFC 9110, section 15.5.6); other errors stay. */
export function nameMethodNotAllowed(error: unknown, request: FastifyRequest, paths: KnownPaths): unknown {
  if (!(error instanceof NotFoundException)) return error;
  const methods = paths.methodsOf(request.url.split('?')[0] ?? '');
  if (methods.length === 0 || methods.includes(request.method)) return error;
  return new Problem(405, 'MethodNotAllowed', `${request.method} is not possible here; use ${methods.join(' or ')}`, {
    headers: { allow: methods.join(', ') },
  });
}
