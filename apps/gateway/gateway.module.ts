import { type DynamicModule, Injectable, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import type { Upstream } from './proxy/upstream.js';
import { Judge } from './verdict/judge.js';
import type { VerdictLog } from './verdict/verdict-log.js';

/** What the doors leave behind when the last request is answered or broken off. */
interface Leftovers {
  readonly upstream: Upstream;
  readonly log: VerdictLog;
}

@Injectable()
class Shutdown implements OnApplicationShutdown {
  constructor(private readonly leftovers: Leftovers) {}

  async onApplicationShutdown(): Promise<void> {
    this.leftovers.log.flush();
    await this.leftovers.upstream.close();
  }
}

@Module({})
class GatewayModule {}

/**
 * The edge as Nest sees it: what controllers of the edge may ask for, and the order in which it stops. The doors
 * themselves stand before Nest (docs/decisions/0007-verdict-outside-nests-pipeline.md).
 */
export function gatewayModule(parts: Leftovers & { readonly judge: Judge }): DynamicModule {
  const providers: Provider[] = [
    { provide: Judge, useValue: parts.judge },
    { provide: Shutdown, useFactory: () => new Shutdown(parts) },
  ];
  return { module: GatewayModule, providers, exports: [Judge] };
}
