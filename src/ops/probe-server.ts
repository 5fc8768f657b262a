import fastify from 'fastify';
import type { Registry } from 'prom-client';
import { listen } from './listen.js';

export interface ProbeServerOptions {
  /** `::` listens on every address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Undefined when ready; otherwise what is still missing. */
  readonly notReady: () => string | undefined;
}

export interface ProbeServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` (the process runs), `/readyz` (its caches are filled) and `/metrics` (Prometheus text). */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const server = fastify({ logger: false, forceCloseConnections: true, connectionTimeout: 10_000 });
  server.get('/healthz', () => 'ok\n');
  server.get('/readyz', (_request, reply) => {
    const missing = options.notReady();
    return missing === undefined ? reply.send('ok\n') : reply.code(503).send(`${missing}\n`);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  );
  const port = await listen(server, options);
  return {
    port,
    close: () => server.close(),
  };
}
