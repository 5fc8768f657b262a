import fastify from 'fastify';
import type { Registry } from 'prom-client';

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
  const { host, port } = options;
  const server = fastify({ logger: false, forceCloseConnections: true, connectionTimeout: 10_000 });
  server.get('/healthz', () => 'ok\n');
  server.get('/readyz', (_request, reply) => {
    const missing = options.notReady();
    return missing === undefined ? reply.send('ok\n') : reply.code(503).send(`${missing}\n`);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  );
  await server.listen({ host, port }).catch((error: unknown) => {
    if (host !== ANY || !isWithoutIPv6(error)) throw error;
    return server.listen({ host: '0.0.0.0', port });
  });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => server.close(),
  };
}

/** IPv6 and IPv4. */
const ANY = '::';

const isWithoutIPv6 = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
