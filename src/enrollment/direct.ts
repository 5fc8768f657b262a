import { type CmpSession, type IssuedCertificate, type RevocationRequest, revokeCertificate } from '../cmp/index.js';
import { decodeCertificates, normalizeChain, PkiError } from '../pki/index.js';
import type { DirectBackendConfig } from './direct-config.js';
import { type DirectSeams, directSession, enrollmentError, translate } from './direct-session.js';
import type { Enroller, EnrollmentOutcome, RevocationOrder } from './enroller.js';
import { EnrollmentError } from './error.js';
import { knownCertificate } from './leftover.js';
import { Renewal, type RenewalResult } from './renewal.js';
import { askTrustNews } from './trust-news.js';
import { trustedCas } from './trusted-cas.js';

/**
 * The backend that speaks CMP with the CA itself. Checks the whole configuration at once.
 * Throws EnrollmentError `ConfigurationInvalid`, naming the field.
 */
export function createDirectEnroller(config: DirectBackendConfig, seams: DirectSeams): Enroller {
  const session = directSession(config, seams);
  const renewal = new Renewal(session, config.renewal);

  async function run(signal: AbortSignal, work: () => Promise<RenewalResult>): Promise<EnrollmentOutcome> {
    return translate(signal, async () => {
      const result = await work();
      return result.kind === 'pending' ? pendingOutcome(result) : issuedOutcome(result, session, config.caBundle);
    });
  }

  return {
    enroll: (request, signal) => run(signal, () => renewal.start(request, signal)),
    resume: (request, state, signal) => run(signal, () => renewal.resume(request, state, signal)),
    abandon: (state, signal) =>
      translate(signal, () => renewal.abandon(state, 'the request for this certificate is gone', signal)),
    revoke: (order, signal) =>
      translate(signal, async () => {
        const { already, notes } = await revokeCertificate(toRevoke(order), session, signal);
        return { already, notes };
      }),
    trustNews: (signal) => translate(signal, () => askTrustNews(session, signal)),
    probe: (signal) =>
      translate(signal, async () => {
        assertCertificatesCurrent(session);
        await session.transport.probe(signal);
      }),
    close: () => session.transport.close(),
  };
}

function toRevoke({ certificatePem, reason }: RevocationOrder): RevocationRequest {
  try {
    const [certificate] = decodeCertificates(certificatePem);
    if (certificate !== undefined) return { certificate, reason };
    throw new PkiError('PemInvalid', 'no certificate found');
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const message = `the certificate to be revoked cannot be read: ${error.message}`;
    throw new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'request', message, cause: error });
  }
}

const pendingOutcome = (result: Exclude<RenewalResult, { kind: 'issued' }>): EnrollmentOutcome => {
  const { certificate, failure, ...rest } = result;
  return {
    ...rest,
    ...(certificate && { certificate: knownCertificate(certificate) }),
    ...(failure && { failure: enrollmentError(failure) }),
  };
};

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
