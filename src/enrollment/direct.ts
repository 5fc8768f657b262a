import {
  type CertificateRequest,
  CmpError,
  type CmpSession,
  createHttpTransport,
  type EnrollmentResult,
  type HttpTransport,
  type IssuedCertificate,
  type MessageObserver,
  resumeEnrollment,
  startEnrollment,
} from '../cmp/index.js';
import { normalizeChain } from '../pki/index.js';
import type { Clock } from '../runtime/clock.js';
import { type Logger, silentLogger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import type { DirectBackendConfig } from './direct-config.js';
import { configuredSession } from './direct-setup.js';
import type { Enroller, EnrollmentOutcome, EnrollmentRequest, PendingState } from './enroller.js';
import { EnrollmentError } from './error.js';
import { trustedCas } from './trusted-cas.js';

export interface DirectEnrollerSeams {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Instead of HTTP to the configured endpoints. */
  readonly transport?: HttpTransport;
  /** Sees every message in DER, e.g. to record it. */
  readonly onMessage?: MessageObserver;
}

const LINE_FEED = 0x0a;

/**
 * The backend that speaks CMP with the CA itself. Checks the whole configuration at once.
 * Throws EnrollmentError `ConfigurationInvalid`, naming the field.
 */
export function createDirectEnroller(config: DirectBackendConfig, seams: DirectEnrollerSeams): Enroller {
  const { clock, random, onMessage, logger = silentLogger } = seams;
  const session: CmpSession = {
    ...configuredSession(config),
    clock,
    random,
    logger,
    ...(onMessage === undefined ? {} : { onMessage }),
    transport: seams.transport ?? createHttpTransport({ endpoints: config.endpoints, ...config.limits }, clock),
  };
  if (config.protection.type === 'mac' && config.protection.secret.at(-1) === LINE_FEED) {
    logger.warn({ reference: config.protection.reference }, 'the shared secret ends with a line feed, which counts');
  }

  async function run(signal: AbortSignal, work: () => Promise<EnrollmentResult>): Promise<EnrollmentOutcome> {
    return translate(signal, async () => {
      const result = await work();
      return result.kind === 'pending' ? result : issuedOutcome(result, session, config.caBundle);
    });
  }

  return {
    enroll: (request, signal) => run(signal, () => startEnrollment(toCmp(request), session, signal)),
    resume: (request: EnrollmentRequest, state: PendingState, signal) =>
      run(signal, () => resumeEnrollment(toCmp(request), state, session, signal)),
    probe: (signal) =>
      translate(signal, async () => {
        assertCertificatesCurrent(session);
        await session.transport.probe(signal);
      }),
    close: () => session.transport.close(),
  };
}

function toCmp({ csrPem, usages, isCA, durationSeconds, privateKey }: EnrollmentRequest): CertificateRequest {
  return { csrPem, usages, isCA, privateKey, ...(durationSeconds === undefined ? {} : { durationSeconds }) };
}

/** Turns what goes wrong into EnrollmentErrors; an abort stays what it is. */
async function translate<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EnrollmentError || (signal.aborted && error === signal.reason)) throw error;
    if (error instanceof CmpError) {
      const { code, retry, message, failInfo, retryAfterMs } = error;
      throw new EnrollmentError({
        code,
        retry,
        message,
        failInfo,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        cause: error,
      });
    }
    throw new EnrollmentError({
      code: 'Internal',
      retry: 'transient',
      message: 'the CMP client failed in a way it should not; please report this with the log',
      cause: error,
    });
  }
}

function issuedOutcome(
  issued: IssuedCertificate,
  { anchors, clock }: CmpSession,
  caBundle: DirectBackendConfig['caBundle'],
): EnrollmentOutcome {
  const { certificate, path, notes, facts } = issued;
  const ca = trustedCas(issued, anchors, caBundle, clock.now());
  return {
    kind: 'issued',
    chain: normalizeChain(path).chain.map(({ der }) => der),
    ca: ca.map(({ der }) => der),
    notes,
    details: {
      serial: certificate.serialHex,
      subject: certificate.subjectText,
      issuer: certificate.issuerText,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      body: facts.body,
      protection: facts.protection,
      confirmation: facts.confirmation,
    },
  };
}

/** Configured certificates that have run out would fail every request with a reason that is hard to read. */
function assertCertificatesCurrent({ anchors, credential, clock }: CmpSession): void {
  const now = clock.now().getTime();
  const expired = (message: string) => new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'issuer', message });
  if (anchors.every(({ notAfter }) => notAfter.getTime() < now)) {
    throw expired('trustPem: all of its certificates have expired; put the current CA certificates there');
  }
  if (credential.kind === 'signature' && credential.certificate.notAfter.getTime() < now) {
    const { subjectText, notAfter } = credential.certificate;
    throw expired(`protection.certificatesPem: "${subjectText}" expired at ${notAfter.toISOString()}; have it renewed`);
  }
}
