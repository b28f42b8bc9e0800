import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** One thing that must be well before traffic may come: resolves when it is, rejects with the reason when not. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<void>;
}

const checkWithinMs = 2_000;

/**
 * `/healthz` (the process lives), `/readyz` (every check passes; 503 names those that do not) and `/metrics`
 * (Prometheus' text format), for whoever reaches the port.
 */
export function registerHealth(
  fastify: FastifyInstance,
  parts: { readonly checks: readonly ReadinessCheck[]; readonly registry: Registry },
): void {
  fastify.get('/healthz', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(parts.checks.map(run));
    const ready = results.every((result) => result.ok);
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not ready', checks: results });
  });
  fastify.get('/metrics', async (_request, reply) =>
    reply.header('content-type', parts.registry.contentType).send(await parts.registry.metrics()),
  );
}

async function run(check: ReadinessCheck): Promise<{ name: string; ok: boolean; why?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkWithinMs} ms`)), checkWithinMs);
  });
  try {
    await Promise.race([check.check(), late]);
    return { name: check.name, ok: true };
  } catch (error) {
    return { name: check.name, ok: false, why: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
