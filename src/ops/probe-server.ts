import fastify from 'fastify';
import type { Registry } from 'prom-client';
import { listen } from './listen.js';

export interface ProbeServerOptions {
  /** `::` listens on every address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  readonly readiness: () => Readiness;
}

export interface Readiness {
  readonly ready: boolean;
  /** One line for people: what it does, or what it lacks. */
  readonly detail: string;
}

export interface ProbeServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` (the process runs), `/readyz` (it works, or could at once) and `/metrics` (Prometheus text). */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const server = fastify({ logger: false, forceCloseConnections: true, connectionTimeout: 10_000 });
  server.get('/healthz', () => 'ok\n');
  server.get('/readyz', (_request, reply) => {
    const { ready, detail } = options.readiness();
    return reply.code(ready ? 200 : 503).send(`${detail}\n`);
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
