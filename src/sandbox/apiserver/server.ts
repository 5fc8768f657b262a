import fastify, { type FastifyInstance } from 'fastify';
import { systemClock } from '../../runtime/clock.js';
import { silentLogger } from '../../runtime/logger.js';
import { systemRandom } from '../../runtime/random.js';
import { tokenUsers } from './auth.js';
import { Cluster, define, standardDefinitions } from './cluster.js';
import { Faults } from './faults.js';
import { serve } from './http.js';
import { Journal } from './journal.js';
import { kubeconfig } from './kubeconfig.js';
import { storedRules } from './rbac.js';
import { ApiError } from './status.js';
import { serverCertificate } from './tls.js';
import type { ApiServer, ApiServerOptions } from './types.js';

const BODY_LIMIT = 3 * 1024 * 1024;
const MAX_URL_SEGMENT = 512;

/** Starts an embedded Kubernetes API server and resolves when it listens. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { host = '127.0.0.1', scheme = 'https', clock = systemClock, random = systemRandom } = options;
  const logger = options.logger ?? silentLogger;
  const journal = new Journal(options.journalLimit ?? 1000);
  const faults: Faults = new Faults(() => cluster.store.compact());
  const cluster = new Cluster({
    clock,
    random,
    historyLimit: options.historyLimit ?? 20_000,
    webhookDown: () => faults.webhookDown,
  });
  define(cluster, [...standardDefinitions(), ...(options.customResourceDefinitions ?? [])]);

  const tls = scheme === 'https' ? await serverCertificate(host, clock.now(), random) : undefined;
  const common = {
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_URL_SEGMENT },
  };
  const app: FastifyInstance =
    tls === undefined ? fastify(common) : fastify({ ...common, https: { key: tls.key, cert: tls.certificate } });
  const closing = new AbortController();
  serve(app, {
    closing: closing.signal,
    cluster,
    faults,
    journal,
    logger,
    random,
    users: tokenUsers(options.tokens ?? [], (who) => storedRules(cluster.store, who)),
    bookmarkInterval: options.bookmarkInterval ?? 60_000,
  });
  await app.listen({ host, port: options.port ?? 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the API server has no TCP address');
  const url = `${scheme}://${host}:${address.port}`;
  return {
    url,
    certificateAuthority: tls?.authority,
    kubeconfig: (token, namespace) => kubeconfig(url, tls?.authority, token, namespace),
    faults,
    journal,
    objects: cluster.access(),
    async close() {
      closing.abort(new ApiError(503, 'ServiceUnavailable', 'the server is shutting down'));
      faults.endWatches('eof');
      faults.clear();
      await app.close();
    },
  };
}
