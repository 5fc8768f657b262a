import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { CertServiceMetrics } from '../../ops/certservice-metrics.js';
import { listen } from '../../ops/listen.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import { CaClient } from './ca-client.js';
import type { CmpServer } from './cmp-server.js';
import { CmpServersError } from './cmp-servers-file.js';
import { enrolmentRoutes } from './enrolment-routes.js';
import { DOCS_PAGE, OPEN_API } from './openapi.js';
import { ServersState } from './servers-state.js';
import { springBody } from './spring-body.js';
import type { ServerTls } from './stores.js';

export interface CertServiceOptions {
  /** `::` listens on every address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Reads key store and trust store: at the start, and at each `/reload`. Throws StoreError. */
  readonly loadTls: () => ServerTls;
  /** Reads the list of CMP servers: at the start, and at each `/reload`. Throws CmpServersError. */
  readonly loadServers: () => readonly CmpServer[] | Promise<readonly CmpServer[]>;
  readonly metrics: CertServiceMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A running CertService. */
export interface CertService {
  readonly port: number;
  /** Whether `/ready` says 200. */
  readonly ready: boolean;
  /** Stops listening, lets requests under way end for `drainMs`, then cuts them off. */
  close(drainMs: number): Promise<void>;
}

/** ONAP takes 16384 octets, too few for an update with RSA-4096 keys and a chain. */
const MAX_HEADERS = 65_536;
const HEALTH_TYPE = 'application/vnd.spring-boot.actuator.v3+json';
const JSON_TYPE = 'application/json';

const ENROLMENT_PATH = /^\/v1\/certificate(?:-update)?\/[^/]+\/?$/;
const KNOWN_PATH = /^\/(?:ready|reload|actuator\/health|docs|v3\/api-docs)\/?$/;
/** HEAD runs what GET runs, so only where that changes nothing. */
const HEAD_PATH = /^\/(?:ready|actuator\/health|docs|v3\/api-docs)\/?$/;

/**
 * Serves the REST API of ONAP's CertService over mutual TLS. Starts even when the list of CMP servers cannot be loaded:
 * then it is not ready until a reload succeeds. Throws when it cannot listen, StoreError when the TLS material is unusable.
 */
export async function startCertService(options: CertServiceOptions): Promise<CertService> {
  const { clock, random, metrics, logger } = options;
  const tls = secureContext(options.loadTls());
  let started = false;
  const state = new ServersState(
    async () => {
      const servers = await options.loadServers();
      // After the list, so that nothing changes when that is no good.
      if (started) app.server.setSecureContext(secureContext(options.loadTls()));
      return servers;
    },
    (server) => new CaClient(server, { clock, random, logger }),
    logger,
  );
  const reload = async (): Promise<void> => {
    try {
      await state.reload();
    } finally {
      metrics.configurationCurrent(state.ready);
    }
  };
  const stop = new AbortController();
  const app = fastify({
    logger: false,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    requestTimeout: 30_000,
    keepAliveTimeout: 60_000,
    https: {
      ...tls,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: 10_000,
      maxHeaderSize: MAX_HEADERS,
    },
    // URLs that cannot be decoded.
    frameworkErrors: (_error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.code(400).send(springBody(400, pathOf(request.url), clock.now()));
    },
  });
  app.server.on('tlsClientError', (error) => logger.debug({ error }, 'a TLS handshake failed'));
  const routes: FastifyInstance = app;
  errorBodies(routes, clock, logger);
  plainRoutes(routes, state, reload);
  enrolmentRoutes(routes, {
    clients: () => state.clients,
    metrics,
    clock,
    logger,
    stopping: stop.signal,
  });
  // The state logs why; the service waits for a reload.
  await reload().catch(() => {});
  started = true;
  const port = await listen(routes, options);
  return {
    port,
    get ready() {
      return state.ready;
    },
    close: async (drainMs) => {
      const closed = app.close();
      const drained = new AbortController();
      const limit = clock.sleep(drainMs, drained.signal).then(
        () => {
          stop.abort();
          // The answers of those cut off get a moment to leave.
          return clock.sleep(CUT_OFF_MS, drained.signal).then(() => app.server.closeAllConnections());
        },
        () => {},
      );
      await closed;
      drained.abort();
      await limit.catch(() => {});
      await state.close();
    },
  };
}

const secureContext = ({ keyPem, certificatesPem, clientCasPem }: ServerTls) => ({
  key: keyPem,
  cert: certificatesPem,
  ca: clientCasPem,
});

const CUT_OFF_MS = 1_000;

const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/** Errors without a documented body look like Spring Boot's. */
function errorBodies(app: FastifyInstance, clock: Clock, logger: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    const { method } = request;
    const path = pathOf(request.url);
    if (method === 'GET' || (method === 'HEAD' && HEAD_PATH.test(path))) return undefined;
    const status = ENROLMENT_PATH.test(path) || KNOWN_PATH.test(path) ? 405 : 404;
    if (status === 405) reply.header('allow', 'GET');
    return reply.code(status).send(springBody(status, path, clock.now()));
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).send(springBody(404, pathOf(request.url), clock.now())));
  app.setErrorHandler((error, request, reply) => {
    logger.error({ error }, 'a request failed in a way it should not; please report this');
    return reply.code(500).send(springBody(500, pathOf(request.url), clock.now()));
  });
}

function plainRoutes(app: FastifyInstance, state: { readonly ready: boolean }, reload: () => Promise<void>): void {
  app.get('/ready', (_request, reply) => reply.code(state.ready ? 200 : 503).send());
  app.get('/reload', { exposeHeadRoute: false }, async (_request, reply) => {
    try {
      await reload();
      return await reply.code(200).send();
    } catch (error) {
      if (!(error instanceof CmpServersError)) throw error;
      return reply.code(500).type(JSON_TYPE).serializer(String).send(error.message);
    }
  });
  app.get('/actuator/health', (_request, reply) =>
    reply.type(HEALTH_TYPE).serializer(JSON.stringify).send({ status: 'UP' }),
  );
  app.get('/v3/api-docs', (_request, reply) => reply.send(OPEN_API));
  app.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(DOCS_PAGE));
}
