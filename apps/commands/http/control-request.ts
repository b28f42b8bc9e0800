import type { FastifyRequest } from 'fastify';
import type { Admin } from '#libs/accounts';
import type { Resumption } from './idempotency/command-results.js';

/** A request to the control API, with what guards and interceptors found out about it. */
export interface ControlRequest extends FastifyRequest {
  /** Set by the admin guard. */
  admin?: Admin;
  /** Set when the request carries an `Idempotency-Key`. */
  idempotency?: Resumption;
}
