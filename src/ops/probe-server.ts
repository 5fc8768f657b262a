import fastify from 'fastify';
import type { Registry } from 'prom-client';

export interface ProbeServerOptions {
  /** `host:port`; port 0 takes a free one, an empty host listens everywhere. IPv6 hosts in brackets. */
  readonly address: string;
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
  const { host, port } = parseAddress(options.address);
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

/** Listens on IPv6 and IPv4. */
const ANY = '::';

const isWithoutIPv6 = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');

const ADDRESS = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]*)):(?<port>\d{1,5})$/;

/** Splits `host:port`. Throws a RangeError that says what is expected. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const groups = ADDRESS.exec(address)?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port > 65_535)
    throw new RangeError(`"${address}" is no address: write host:port, for example :8080 or 127.0.0.1:8080`);
  return { host: groups['v6'] ?? (groups['name'] || ANY), port };
}
