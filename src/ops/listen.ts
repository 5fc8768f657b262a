import type { FastifyInstance } from 'fastify';

/** IPv6 and IPv4. */
const ANY = '::';

const isWithoutIPv6 = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');

/** Listens, and returns the port. `::` takes every address, also where there is no IPv6; port 0 takes a free one. */
export async function listen(
  server: Pick<FastifyInstance, 'listen' | 'server'>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  await server.listen({ host, port }).catch((error: unknown) => {
    if (host !== ANY || !isWithoutIPv6(error)) throw error;
    return server.listen({ host: '0.0.0.0', port });
  });
  const address = server.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
