import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import formbody from '@fastify/formbody';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import {
  answerUnreadablePath,
  answerUnreadableRequest,
  listening,
  nestLogger,
  noteRoutes,
  ProblemFilter,
  type Running,
  registerHealth,
} from '#libs/platform';
import { ClientErrorFilter } from './app-services/client-error.js';
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

const drainWithinMs = 3_000;

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
  app.useGlobalFilters(new ErrorsByPath(new ProblemFilter(logger, paths), new ClientErrorFilter(logger)));
  serveOpenApi(app);
  await app.init();
  await fastify.ready();
  const housekeeping = startHousekeeping(parts);

  const where = { host: config.HOST, port: config.CONTROL_PORT, setting: 'CONTROL_PORT' };
  return {
    // Not through Nest, which would log a refusal besides; ours is one line.
    listen: () => listening(where, () => fastify.listen({ port: where.port, host: where.host })),
    get url() {
      const { port } = fastify.server.address() as AddressInfo;
      return `http://${config.HOST}:${port}`;
    },
    close: () => {
      closing ??= Promise.all([housekeeping.stop(), closeWithin(app, fastify)]).then(() => undefined);
      return closing;
    },
  };
}

async function closeWithin(app: NestFastifyApplication, fastify: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => fastify.server.closeAllConnections(), drainWithinMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}

/** JSON, where an absent body of a command may be empty, and forms for OAuth. */
async function readBodies(fastify: FastifyInstance): Promise<void> {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString(), done);
  });
  await fastify.register(formbody);
}

function correlationIdIn(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : null;
}
