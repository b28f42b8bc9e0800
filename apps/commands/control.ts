import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import formbody from '@fastify/formbody';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import {
  answerUnreadablePath,
  answerUnreadableRequest,
  drained,
  listening,
  nestLogger,
  noteRoutes,
  Problem,
  type Running,
  registerHealth,
} from '#libs/platform';
import { controlModule } from './control.module.js';
import type { ControlParts } from './control-parts.js';
import { startHousekeeping } from './housekeeping.js';
import { ErrorsByPath } from './http/errors-by-path.js';
import { serveOpenApi } from './http/openapi.js';

/** The control API of a process. */
export interface Control extends Running {
  /** @throws PortUnavailable */
  listen(): Promise<void>;
  /** Where it listens, once it does. */
  readonly url: string;
  /** Lets requests under way finish, for 3 seconds, and then breaks them off. */
  close(): Promise<void>;
}

export async function createControl(parts: ControlParts): Promise<Control> {
  const { config, logger, metrics } = parts;
  const adapter = new FastifyAdapter({
    bodyLimit: config.BODY_LIMIT,
    trustProxy: config.TRUST_PROXY.length > 0 ? [...config.TRUST_PROXY] : false,
    genReqId: (request: IncomingMessage) => correlationIdIn(request.headers['x-correlation-id']) ?? randomUUID(),
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: answerUnreadablePath,
    clientErrorHandler: answerUnreadableRequest,
  });
  const app = await NestFactory.create<NestFastifyApplication>(controlModule(parts), adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify: FastifyInstance = adapter.getInstance();
  const paths = noteRoutes(fastify);
  let closing: Promise<void> | null = null;
  await readBodies(fastify);
  fastify.addHook('onSend', async (request, reply) => {
    reply.header('x-correlation-id', request.id);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    // A connection that was busy when we began to stop would otherwise be kept open by its client.
    if (closing !== null) reply.header('connection', 'close');
  });
  registerHealth(fastify, { checks: parts.checks, registry: metrics.registry });
  app.useGlobalFilters(new ErrorsByPath(logger, paths));
  serveOpenApi(app);
  await app.init();
  await fastify.ready();
  const housekeeping = startHousekeeping(parts);

  const where = { host: config.HOST, port: config.CONTROL_PORT, setting: 'CONTROL_PORT' };
  return {
    // Not through Nest, which would log a refusal besides; ours is one line.
    listen: () => listening(where, () => fastify.listen({ port: where.port, host: where.host })),
    get url() {
      return fastify.listeningOrigin;
    },
    close: () => {
      closing ??= Promise.all([housekeeping.stop(), drained(() => app.close(), fastify.server)]).then(() => undefined);
      return closing;
    },
  };
}

/** JSON, where an absent body of a command may be empty, and forms for OAuth alone. */
async function readBodies(fastify: FastifyInstance): Promise<void> {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString(), done);
  });
  await fastify.register(formbody);
  fastify.addHook('onRequest', async ({ headers, url }) => {
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
    if (isForm && !url.startsWith('/oauth/')) {
      throw new Problem(415, 'UnsupportedMediaType', 'send the body as application/json');
    }
  });
}

function correlationIdIn(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : null;
}
