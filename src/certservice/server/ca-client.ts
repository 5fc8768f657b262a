import {
  CertificateReader,
  type CertificateRequest,
  CmpError,
  type CmpSession,
  createHttpTransport,
  DEFAULT_PBM_POLICY,
  type HttpTransport,
  type IssuedCertificate,
  LEGACY_PBM_POLICY,
  resumeEnrollment,
  SignerCache,
  startEnrollment,
} from '../../cmp/index.js';
import { macCredential } from '../../enrollment/direct-setup.js';
import { trustedCas } from '../../enrollment/trusted-cas.js';
import { decodeCertificates, keyMatches, normalizeChain, PkiError, parseName } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import { startDeadline } from '../../runtime/deadline.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import { ApiError, fromCmpError } from './api-error.js';
import type { CmpServer } from './cmp-server.js';
import type { NewMaterial, OldMaterial } from './headers.js';
import { Limiter, QueueFullError } from './limiter.js';
import { updateType } from './update-type.js';

export interface CaClientSeams {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Instead of HTTP to the configured URL. */
  readonly transport?: HttpTransport;
}

/** A certificate as the API hands it out. */
export interface Granted {
  /** DER, leaf first, then intermediates, no root. */
  readonly chain: readonly Uint8Array[];
  /** DER of the CA certificates that the answer is trusted by, none of them in `chain`; the root first. */
  readonly trusted: readonly Uint8Array[];
  readonly issued: IssuedCertificate;
}

/** Octets of one CMP answer. */
const MAX_RESPONSE = 1024 * 1024;
const LONGEST_QUEUE = 1000;

/** What ONAP asks for whatever the CSR says; here it fills in for a CSR that says nothing. */
const USAGES = ['digital signature', 'content commitment', 'client auth', 'server auth'];
const RSA_USAGES = [...USAGES, 'key encipherment'];

function sessionFor(server: CmpServer, { clock, random, logger, transport }: CaClientSeams): CmpSession {
  const { url, tls, authentication, protection, limits, trustPem, acceptModifications } = server;
  return {
    transport:
      transport ??
      createHttpTransport({ endpoints: [{ url, ...tls }], ...limits, maxResponseBytes: MAX_RESPONSE }, clock),
    credential: macCredential({
      type: 'mac',
      reference: authentication.rv,
      secret: Buffer.from(authentication.iak, 'utf8'),
      ...protection,
    }),
    recipient: parseName(server.issuerDN),
    anchors: trustPem === undefined ? [] : decodeCertificates(trustPem),
    trustCaPubs: trustPem === undefined,
    enrollment: 'ir',
    proofOfPossession: 'signature',
    implicitConfirm: server.confirmation === 'Implicit',
    responseProtection: server.responseProtection === 'Strict' ? 'strict' : 'allowSignature',
    pbmPolicy: protection.owf === 'SHA1' ? LEGACY_PBM_POLICY : DEFAULT_PBM_POLICY,
    ignoreKeyUsage: server.ignoreKeyUsage,
    policy: acceptModifications
      ? { subject: 'Any', subjectAltNames: 'Any', usages: 'Any' }
      : { subject: 'Exact', subjectAltNames: 'AllowAdditional', usages: 'Any' },
    maxPollingMs: limits.enrollmentTimeoutMs,
    signers: new SignerCache(),
    certificates: new CertificateReader(),
    clock,
    random,
    logger,
  };
}

/** Gets certificates from one CA of the list. Safe for concurrent use. */
export class CaClient {
  readonly #server: CmpServer;
  readonly #seams: CaClientSeams;
  readonly #session: CmpSession;
  readonly #limiter: Limiter;

  constructor(server: CmpServer, seams: CaClientSeams) {
    this.#server = server;
    this.#seams = { ...seams, logger: seams.logger.child({ caName: server.caName }) };
    this.#session = sessionFor(server, this.#seams);
    this.#limiter = new Limiter(server.limits.concurrency, LONGEST_QUEUE);
  }

  /** A first certificate (`old` absent), or one that replaces `old`. Throws ApiError, or the signal's reason. */
  async enroll(wanted: NewMaterial, old: OldMaterial | undefined, signal: AbortSignal): Promise<Granted> {
    const { clock } = this.#seams;
    const { enrollmentTimeoutMs } = this.#server.limits;
    const deadline = startDeadline(clock, enrollmentTimeoutMs, () => timedOut(enrollmentTimeoutMs), signal);
    try {
      return await this.#limiter.run(deadline.signal, () => this.#exchange(wanted, old, deadline.signal));
    } catch (error) {
      if (error instanceof CmpError) throw fromCmpError(error, this.#server.trustPem !== undefined);
      if (error instanceof QueueFullError) throw new ApiError({ kind: 'busy' }, error.message, error);
      throw error;
    } finally {
      deadline.release();
    }
  }

  /** Drops idle connections. Exchanges under way are not disturbed. */
  close(): Promise<void> {
    return this.#session.transport.close();
  }

  async #exchange(wanted: NewMaterial, old: OldMaterial | undefined, signal: AbortSignal): Promise<Granted> {
    const { clock } = this.#seams;
    const session = this.#sessionOf(wanted, old);
    const request: CertificateRequest = {
      csrPem: wanted.csrPem,
      usages: wanted.privateKey.asymmetricKeyType === 'rsa' ? RSA_USAGES : USAGES,
      isCA: false,
      privateKey: async () => wanted.privateKey,
      acceptWeakSignature: true,
      ...(session.enrollment === 'kur' && old !== undefined ? { replaces: old.certificate } : {}),
    };
    let result = await startEnrollment(request, session, signal);
    while (result.kind === 'pending') {
      await clock.sleep(Math.max(0, result.notBefore.getTime() - clock.now().getTime()), signal);
      result = await resumeEnrollment(request, result.state, session, signal);
    }
    return granted(result, clock.now());
  }

  /** Chooses the body, and with it what protects the messages. */
  #sessionOf({ csr }: NewMaterial, old: OldMaterial | undefined): CmpSession {
    const { logger } = this.#seams;
    if (old === undefined) {
      logger.debug({}, 'Preparing Initialization Request');
      return this.#session;
    }
    if (chosenUpdate(csr, old) === 'kur') {
      if (!keyMatches(old.privateKey, old.certificate.spki)) {
        const detail = 'the old private key (OLD_PK) is not the key of OLD_CERT, so the key update cannot be signed';
        throw new ApiError({ kind: 'cmpClient', detail }, detail);
      }
      if (this.#server.trustPem !== undefined) {
        logger.info({}, 'Preparing Key Update Request');
        const { certificate, others, privateKey } = old;
        const issuers = others.filter((other) => !other.isSelfSigned && !other.equals(certificate));
        return {
          ...this.#session,
          enrollment: 'kur',
          credential: { kind: 'signature', certificate, issuers, privateKey },
        };
      }
      logger.warn(
        {},
        'a key update is answered with a signature, which nobody can verify without "trust" in cmpServers.json: a Certification Request under the shared secret takes its place',
      );
    }
    logger.info({}, 'Preparing Certification Request');
    return { ...this.#session, enrollment: 'cr' };
  }
}

function chosenUpdate(csr: NewMaterial['csr'], { certificate }: OldMaterial): 'kur' | 'cr' {
  try {
    return updateType(csr, certificate);
  } catch (error) {
    if (error instanceof PkiError) throw new ApiError({ kind: 'oldCertificate' }, error.message, error);
    throw error;
  }
}

function timedOut(limitMs: number): ApiError {
  const detail = `the CA did not grant the certificate within ${limitMs / 1000} s`;
  return new ApiError({ kind: 'cmpClient', detail }, detail);
}

function granted(issued: IssuedCertificate, now: Date): Granted {
  const { chain } = normalizeChain(issued.path);
  const anchor = issued.path.at(-1);
  const inChain = new Set(chain.map(({ sha256 }) => sha256));
  const trusted = trustedCas(issued, issued.anchors, 'All', now).filter(
    ({ sha256 }) => sha256 === anchor?.sha256 || !inChain.has(sha256),
  );
  return { chain: chain.map(({ der }) => der), trusted: trusted.map(({ der }) => der), issued };
}
