import type { FastifyInstance } from 'fastify';

/** Which methods a path has: what a 405 needs to be told from a 404. */
export interface KnownPaths {
  /** The methods that would have been right for this path; empty when the path is unknown. */
  methodsOf(path: string): readonly string[];
}

/** Notes every route that is registered from now on. */
export function noteRoutes(fastify: FastifyInstance): KnownPaths {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', (route) => {
    if (route.url.includes('*')) return;
    const pattern = route.url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    routes.push({ pattern: new RegExp(`^${pattern}$`), methods: [route.method].flat() });
  });
  return {
    methodsOf(path) {
      const methods = routes.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods);
      return [...new Set(methods)].sort();
    },
  };
}
