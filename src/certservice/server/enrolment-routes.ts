import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { printable } from '../../cmp/text.js';
import type { CertServiceMetrics } from '../../ops/certservice-metrics.js';
import { encodePem } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { ApiError, answerTo } from './api-error.js';
import type { CaClient, Granted } from './ca-client.js';
import { clientNameOf } from './client-name.js';
import { readNewMaterial, readOldMaterial } from './headers.js';
import { springBody } from './spring-body.js';

export interface EnrolmentContext {
  /** By caName; undefined when no list was ever loaded. */
  readonly clients: () => ReadonlyMap<string, CaClient> | undefined;
  readonly metrics: CertServiceMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the service stops waiting for what is under way. */
  readonly stopping: AbortSignal;
}

type Operation = 'certificate' | 'certificate-update';
type CaRequest = FastifyRequest<{ Params: { readonly caName: string } }>;

const HEADERS: Readonly<Record<Operation, readonly string[]>> = {
  certificate: ['csr', 'pk'],
  'certificate-update': ['csr', 'pk', 'old_cert', 'old_pk'],
};

const pems = (certificates: readonly Uint8Array[]): string[] =>
  certificates.map((der) => encodePem('CERTIFICATE', der));

/** `/v1/certificate/{caName}` and `/v1/certificate-update/{caName}`. */
export function enrolmentRoutes(app: FastifyInstance, context: EnrolmentContext): void {
  for (const operation of ['certificate', 'certificate-update'] as const) {
    app.get(`/v1/${operation}/:caName`, { exposeHeadRoute: false }, (request: CaRequest, reply) =>
      answer(operation, request, reply, context),
    );
  }
}

async function answer(operation: Operation, request: CaRequest, reply: FastifyReply, context: EnrolmentContext) {
  const { clock, metrics } = context;
  const caName = request.params.caName.replace(/[\r\n\t]/g, '_');
  const path = request.url.split('?', 1)[0] ?? '';
  const values = HEADERS[operation].map((name) => request.headers[name]);
  if (caName === '') return reply.code(404).send(springBody(404, path, clock.now()));
  if (values.some((value) => typeof value !== 'string')) {
    return reply.code(400).send(springBody(400, path, clock.now()));
  }
  const logger = context.logger.child({
    operation,
    caName: printable(caName, 128),
    client: clientNameOf(request.raw.socket),
  });
  const startedAt = clock.monotonic();
  const gone = new AbortController();
  const leave = () => gone.abort(new ClientGoneError());
  reply.raw.once('close', leave);
  metrics.underWay(1);
  let status = 200;
  try {
    const granted = await enroll(values as string[], caName, context, gone);
    logger.info({ ...facts(granted), tookMs: clock.monotonic() - startedAt }, 'certificate issued');
    return await reply.send({ certificateChain: pems(granted.chain), trustedCertificates: pems(granted.trusted) });
  } catch (error) {
    if (error instanceof ClientGoneError) {
      status = 499;
      logger.warn({ tookMs: clock.monotonic() - startedAt }, 'the client hung up before its certificate was there');
      return reply.hijack();
    }
    const { status: code, errorMessage } =
      error instanceof ApiError ? answerTo(error.problem) : { status: 500, errorMessage: undefined };
    status = code;
    const level = error instanceof ApiError ? 'warn' : 'error';
    logger[level]({ status, error, tookMs: clock.monotonic() - startedAt }, 'no certificate issued');
    if (status === 503) reply.header('retry-after', '5');
    return reply
      .code(status)
      .send(errorMessage === undefined ? springBody(status, path, clock.now()) : { errorMessage });
  } finally {
    reply.raw.off('close', leave);
    metrics.underWay(-1);
    const known = context.clients()?.has(caName) === true;
    metrics.answered(known ? caName : '', operation, status, clock.monotonic() - startedAt);
  }
}

class ClientGoneError extends Error {
  constructor() {
    super('the client hung up');
    this.name = 'ClientGoneError';
  }
}

/** The documented order of checks: CSR, PK, OLD_CERT, OLD_PK, then the name of the CA. */
async function enroll(
  [csr = '', pk = '', oldCert, oldPk]: readonly string[],
  caName: string,
  { clients, stopping }: EnrolmentContext,
  gone: AbortController,
): Promise<Granted> {
  const wanted = readNewMaterial(csr, pk);
  const old = oldCert === undefined || oldPk === undefined ? undefined : readOldMaterial(oldCert, oldPk);
  const known = clients();
  if (known === undefined) throw new ApiError({ kind: 'notConfigured' }, 'no CMP servers were ever loaded');
  const client = known.get(caName);
  if (client === undefined) throw new ApiError({ kind: 'unknownCa' }, 'no such caName in cmpServers.json');
  const stop = () => gone.abort(new ApiError({ kind: 'cmpClient', detail: STOPPING }, STOPPING));
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop, { once: true });
  try {
    return await client.enroll(wanted, old, gone.signal);
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

const STOPPING = 'the service is shutting down';

function facts({ issued }: Granted) {
  const { certificate, facts: exchange, notes } = issued;
  return {
    serial: certificate.serialHex,
    subject: certificate.subjectText,
    issuer: certificate.issuerText,
    notAfter: certificate.notAfter.toISOString(),
    body: exchange.body,
    protection: exchange.protection,
    confirmation: exchange.confirmation,
    transactionID: exchange.transactionID,
    ...(notes.length > 0 && { notes }),
  };
}
