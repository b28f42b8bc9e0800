import 'reflect-metadata';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { createGateway } from '#apps/gateway';
import { createLogger, createMetrics, readConfig } from '#libs/platform';
import type { Revocations } from '#libs/revocations';
import { MemoryRevocations } from '#libs/revocations/memory';
import { RedisRevocations, redisSettings } from '#libs/revocations/redis';
import { JwksKeySource } from '#libs/tokens';

/**
 * One server of `edge-comparison.ts`, in a process of its own: `edge` is the gateway as it is shipped, its log on stdout, with
 * the revocation set in memory; `edge-redis` has it in the Redis at REDIS_URL;
 * `bare` is a Fastify route that answers the same headers to everybody; `controller` is the same as a Nest controller, and
 * `nest-route` as a route on the Fastify instance that a Nest application was given.
 */
const kind = process.argv[2];

const sameHeaders = {
  'x-portcullis-user': '65a1f0c2d3e4b5a697881122',
  'x-portcullis-app': 'main',
  'x-portcullis-session': 's1',
  'x-portcullis-token-expires': '1900000000',
  'cache-control': 'no-store',
};

const lifeMs = 3_600_000;

async function edge(): Promise<string> {
  return await edgeOn(new MemoryRevocations({ lifeMs, now: Date.now }));
}

async function edgeRedis(): Promise<string> {
  const config = readConfig({ ...process.env, LOG_FORMAT: 'json' });
  const logger = createLogger(config);
  const revocations = new RedisRevocations({ ...redisSettings(config, logger), lifeMs: () => lifeMs });
  await revocations.connected();
  return await edgeOn(revocations);
}

async function edgeOn(revocations: Revocations): Promise<string> {
  const config = { ...readConfig({ ...process.env, LOG_FORMAT: 'json' }), EDGE_PORT: 0 };
  // As many as a day of revocations might leave, none of them of the tokens that are shown.
  await revocations.raise(
    Array.from({ length: 1000 }, (_, index) => ({
      subject: { app: 'main', userId: `revoked-${index}` },
      watermark: 5,
      at: Date.now(),
    })),
  );
  await revocations.declareWhole(new Map());
  const gateway = await createGateway({
    config,
    logger: createLogger(config),
    metrics: createMetrics(),
    keys: new JwksKeySource({ url: process.env.JWKS_URL ?? '', now: Date.now }),
    revocations,
    now: Date.now,
  });
  await gateway.listen();
  return gateway.url;
}

async function bare(): Promise<string> {
  const server = fastify();
  server.get('/_portcullis/verdict', (_request, reply) => reply.headers(sameHeaders).send());
  return server.listen({ port: 0, host: '127.0.0.1' });
}

@Controller()
class BareController {
  @Get('/_portcullis/verdict')
  verdict(@Req() _request: FastifyRequest, @Res() reply: FastifyReply): void {
    void reply.headers(sameHeaders).send();
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

@Module({})
class EmptyModule {}

async function controller(): Promise<string> {
  const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function nestRoute(): Promise<string> {
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(EmptyModule, adapter, { logger: false });
  adapter.getInstance().get('/_portcullis/verdict', (_request, reply) => reply.headers(sameHeaders).send());
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

const kinds: Readonly<Record<string, () => Promise<string>>> = {
  edge,
  'edge-redis': edgeRedis,
  bare,
  controller,
  'nest-route': nestRoute,
};
const start = kinds[kind ?? ''];
if (start === undefined) throw new Error(`there is no server "${kind}"; use ${Object.keys(kinds).join(', ')}`);
process.send?.({ url: await start() });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system });
});
process.on('disconnect', () => process.exit(0));
