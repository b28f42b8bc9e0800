import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AdminKeys, type AdminRole, roleReaches } from '#libs/accounts';
import { Problem } from '#libs/platform';
import type { ControlRequest } from '../control-request.js';
import { leastRoleKey } from './roles.js';

/** Lets in whoever shows an admin key (as Bearer token or `X-API-Key`) whose role reaches what the route needs. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: AdminKeys,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ControlRequest>();
    const least = this.reflector.getAllAndOverride<AdminRole>(leastRoleKey, [context.getHandler(), context.getClass()]);
    const text = keyIn(request);
    if (text === null) throw unauthorized('send an admin key: Authorization: Bearer <key>, or X-API-Key: <key>');
    const admin = await this.keys.authenticate(text);
    if (admin === null) throw unauthorized('this admin key is not known, or was removed');
    if (!roleReaches(admin.role, least)) {
      throw new Problem(403, 'Forbidden', `this needs a key with role ${least}; this one has role ${admin.role}`);
    }
    request.admin = admin;
    return true;
  }
}

function keyIn(request: ControlRequest): string | null {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function unauthorized(detail: string): Problem {
  return new Problem(401, 'Unauthorized', detail, { headers: { 'www-authenticate': 'Bearer realm="portcullis"' } });
}
