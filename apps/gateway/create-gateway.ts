import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance, fastify } from 'fastify';
import {
  answerUnreadableRequest,
  type Config,
  drained,
  type Logger,
  listening,
  type Metrics,
  nestLogger,
  noteRoutes,
  ProblemFilter,
  type ReadinessCheck,
  registerHealth,
} from '#libs/platform';
import type { Revocations } from '#libs/revocations';
import { cachedVerifier, createTokenVerifier, type KeySource } from '#libs/tokens';
import { gatewayModule } from './gateway.module.js';
import { edgeListener } from './http/edge-listener.js';
import { EdgeServers } from './http/edge-servers.js';
import { ProxyDoor } from './proxy/proxy-door.js';
import { trustedPeers } from './proxy/trusted-peers.js';
import { openUpstream } from './proxy/upstream.js';
import { readinessChecks } from './readiness.js';
import { errorTeller } from './tell-error.js';
import { withPrintableIdentity } from './verdict/identity.js';
import { Judge } from './verdict/judge.js';
import { verdictRecorder } from './verdict/record-verdict.js';
import { Standings } from './verdict/standings.js';
import { VerdictDoor } from './verdict/verdict-door.js';
import { verdictLog } from './verdict/verdict-log.js';

/** What an edge is made of. Whoever puts a program together opens these and closes them after the edge. */
export interface GatewayParts {
  readonly config: Pick<
    Config,
    | 'HOST'
    | 'EDGE_PORT'
    | 'UPSTREAM_URL'
    | 'UPSTREAM_TIMEOUT'
    | 'TOKEN_ISSUER'
    | 'TOKEN_AUDIENCE'
    | 'CLOCK_SKEW'
    | 'TRUST_PROXY'
  >;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The issuer's public keys. */
  readonly keys: KeySource;
  readonly revocations: Pick<Revocations, 'lookUp' | 'status'>;
  /** ms since the epoch. */
  readonly now: () => number;
  /** What else must be well before traffic may come, beside the keys and the set. */
  readonly checks?: readonly ReadinessCheck[];
}

/** An edge: verdicts for other gateways, and a reverse proxy of its own. */
export interface Gateway {
  /** Rejects with `PortUnavailable`. */
  listen(): Promise<void>;
  /** Where it listens; empty before. */
  readonly url: string;
  /** Lets requests under way finish, for 3 seconds, and then breaks them off. */
  close(): Promise<void>;
}

/** Gateways that ask us give up sooner (Envoy after 200 ms). */
const lookUpWithinMs = 1_000;

/** Builds an edge in strict mode: the revocation set is asked on every request. */
export async function createGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, logger, metrics } = parts;
  const isTrusted = trustedPeers(config.TRUST_PROXY);
  const upstream = await openUpstream({ url: config.UPSTREAM_URL, timeoutMs: config.UPSTREAM_TIMEOUT });
  const onError = errorTeller(logger);
  const judge = judgeOf(parts, onError);
  const log = verdictLog(logger);
  const record = verdictRecorder({ log, metrics });
  const verdict = new VerdictDoor(judge, record, onError);
  const proxy = new ProxyDoor({ judge, record, upstream, isTrusted, logger, onError });
  const ownPaths = new Set<string>();
  const servers = new EdgeServers((own, isListening) => edgeListener({ verdict, proxy, ownPaths, own, isListening }));
  const server = fastify({
    serverFactory: (own) => servers.open(own),
    clientErrorHandler: answerUnreadableRequest,
  });
  server.addHook('onRoute', (route) => {
    ownPaths.add(route.url);
  });
  const paths = noteRoutes(server);
  registerHealth(server, { checks: [...readinessChecks(parts), ...(parts.checks ?? [])], registry: metrics.registry });
  const app = await NestFactory.create<NestFastifyApplication>(
    gatewayModule({ judge, log, upstream }),
    new FastifyAdapter(server),
    { bodyParser: false, abortOnError: false, logger: nestLogger(logger) },
  );
  app.useGlobalFilters(new ProblemFilter(logger, paths));
  return gatewayOf({ app, server, servers, config });
}

function judgeOf(parts: GatewayParts, onError: (error: unknown) => void): Judge {
  const { config, keys, revocations, now } = parts;
  const verifier = createTokenVerifier({
    keys,
    now,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    skewMs: config.CLOCK_SKEW,
  });
  return new Judge({
    verifier: cachedVerifier({ verifier: withPrintableIdentity(verifier), keys, now }),
    standings: new Standings({ revocations, answerWithinMs: lookUpWithinMs, onError }),
    now,
    onError,
  });
}

function gatewayOf(parts: {
  readonly app: NestFastifyApplication;
  readonly server: FastifyInstance;
  readonly servers: EdgeServers;
  readonly config: GatewayParts['config'];
}): Gateway {
  const { app, server, servers, config } = parts;
  let url = '';
  let closing: Promise<void> | null = null;
  return {
    get url() {
      return url;
    },
    async listen() {
      const where = { host: config.HOST, port: config.EDGE_PORT, setting: 'EDGE_PORT' };
      // Not through Nest, which would log a refusal besides; ours is one line.
      await app.init();
      await listening(where, () => server.listen({ port: where.port, host: where.host }));
      url = server.listeningOrigin;
    },
    close() {
      closing ??= drained(() => app.close(), servers);
      return closing;
    },
  };
}
