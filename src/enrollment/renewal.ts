import {
  abandonEnrollment,
  type CertificateRequest,
  CmpError,
  type CmpSession,
  type EnrollmentResult,
  type HoldCertificate,
  type IssuedCertificate,
  resumeEnrollment,
  type SignatureCredential,
  startEnrollment,
} from '../cmp/index.js';
import { readWish } from '../cmp/wish.js';
import type { DirectBackendConfig } from './direct-config.js';
import type { EnrollmentRequest, PendingState } from './enroller.js';
import { EnrollmentError } from './error.js';
import { endsKeyUpdate, type KeyUpdateCredential, keyUpdateCredential } from './key-update.js';
import { knownCertificate, type LeftoverCertificate, leftoverCertificate } from './leftover.js';
import { type ExchangeKind, transactionIdOf } from './transaction-id.js';

/** What an exchange led to; the state of one that was put off tells what kind of exchange it is. */
export type RenewalResult =
  | IssuedCertificate
  | (Omit<Extract<EnrollmentResult, { kind: 'pending' }>, 'state'> & { readonly state: PendingState });

/** In a pending state, SHA-256 of the certificate that the key update replaces. */
const REPLACES = 'replaces';
/** In a pending state, why a first certificate was asked for in place of a key update. */
const IN_PLACE = 'inPlaceOfUpdate';

/** `marks`: what the state of this exchange must say besides what the client needs. */
function toCmp(request: EnrollmentRequest, kind: ExchangeKind, marks: PendingState = {}): CertificateRequest {
  const { id, attempt, csrPem, csrVerified, usages, isCA, durationSeconds, original, privateKey, hold, repeated } =
    request;
  const holdMarked: HoldCertificate | undefined =
    hold &&
    ((state, certificate) => hold({ state: { ...state, ...marks }, certificate: knownCertificate(certificate) }));
  return {
    csrPem,
    usages,
    isCA,
    privateKey,
    ...(durationSeconds !== undefined && { durationSeconds }),
    ...(original !== undefined && { original }),
    ...(csrVerified !== undefined && { csrVerified }),
    ...(attempt !== undefined && { transactionID: transactionIdOf(id, attempt, kind) }),
    ...(holdMarked && { hold: holdMarked }),
    ...(repeated !== undefined && { repeated }),
  };
}

/**
 * Asks for certificates: for first ones as the session is configured, and for their successors by key updates (RFC 9483
 * section 4.1.3) if `mode` says so. A key update is signed with the old certificate's key. Where there can be none, or
 * where the CA says that the old certificate is of no use, a first certificate is asked for at once, and a note tells why.
 * Throws CmpError or EnrollmentError.
 */
export class Renewal {
  readonly #session: CmpSession;
  readonly #mode: NonNullable<DirectBackendConfig['renewal']>;

  constructor(session: CmpSession, mode: DirectBackendConfig['renewal'] = 'SameAsEnrollment') {
    this.#session = session;
    this.#mode = mode;
  }

  start(request: EnrollmentRequest, signal: AbortSignal): Promise<RenewalResult> {
    const isUpdate = this.#mode === 'OnlyKUR' || (this.#mode === 'KUR' && request.previous !== undefined);
    if (!isUpdate) return startEnrollment(toCmp(request, 'enrollment'), this.#session, signal);
    return this.#update(request, 'certificate', signal, (wish, session) => startEnrollment(wish, session, signal));
  }

  /** Goes on with whatever was begun, whatever the mode is by now. */
  async resume(request: EnrollmentRequest, state: PendingState, signal: AbortSignal): Promise<RenewalResult> {
    const { [REPLACES]: replaces, [IN_PLACE]: reason, waitingFor } = state;
    if (replaces === undefined) {
      if (typeof reason !== 'string')
        return resumeEnrollment(toCmp(request, 'enrollment'), state, this.#session, signal);
      const wish = toCmp(request, 'enrollment', { [IN_PLACE]: reason });
      return explained(await resumeEnrollment(wish, state, this.#session, signal), reason);
    }
    return this.#update(request, waitingFor, signal, (wish, session) => {
      if (wish.replaces?.sha256 === replaces) return resumeEnrollment(wish, state, session, signal);
      return startEnrollment(wish, session, signal);
    });
  }

  /** Calls off what was begun. Resolves with what may be left at the CA. */
  async abandon(state: PendingState, reason: string, signal: AbortSignal): Promise<LeftoverCertificate | undefined> {
    // A key update could be called off with the old key alone, which nobody reads for a request that is gone: the CA then
    // waits until it gives up by itself, as after any lost message.
    const left = await abandonEnrollment(state, reason, this.#session, signal);
    return left && leftoverCertificate(left);
  }

  /** `exchange` with the session of the old certificate, if there can be one and the CA takes it. */
  async #update(
    request: EnrollmentRequest,
    waitingFor: unknown,
    signal: AbortSignal,
    exchange: (wish: CertificateRequest, session: CmpSession) => Promise<EnrollmentResult>,
  ): Promise<RenewalResult> {
    const old = await this.#oldCredential(request);
    if (!old.ok) return this.#inPlace(`the certificate to be replaced cannot be used: ${old.reason}`, request, signal);
    const { credential } = old;
    try {
      const marks = { [REPLACES]: credential.certificate.sha256 };
      const wish = { ...toCmp(request, 'keyUpdate', marks), replaces: credential.certificate };
      return marked(await exchange(wish, updating(this.#session, credential)), credential);
    } catch (error) {
      const ends = error instanceof CmpError && waitingFor === 'certificate' && endsKeyUpdate(error);
      if (!ends || this.#mode === 'OnlyKUR') throw error;
      return this.#inPlace(`the key update was refused: ${error.message}`, request, signal);
    }
  }

  async #oldCredential(request: EnrollmentRequest): Promise<KeyUpdateCredential> {
    const { csr } = readWish(toCmp(request, 'keyUpdate'));
    const previous = await request.previous?.();
    if (previous === undefined) return { ok: false, reason: 'it or its key cannot be found' };
    return keyUpdateCredential(previous, csr, this.#session);
  }

  async #inPlace(reason: string, request: EnrollmentRequest, signal: AbortSignal): Promise<RenewalResult> {
    if (this.#mode === 'OnlyKUR') {
      throw new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'issuer', message: reason });
    }
    const news = 'no key update is possible, a first certificate is asked for instead';
    this.#session.logger.warn({ uid: request.id, reason }, news);
    const wish = toCmp(request, 'enrollment', { [IN_PLACE]: reason });
    return explained(await startEnrollment(wish, this.#session, signal), reason);
  }
}

/** Who signs with the old key is no registration authority that could vouch for the new one: that must prove itself. */
const updating = (session: CmpSession, credential: SignatureCredential): CmpSession => ({
  ...session,
  credential,
  enrollment: 'kur',
  proofOfPossession: 'signature',
});

const marked = (result: EnrollmentResult, { certificate }: SignatureCredential): RenewalResult =>
  result.kind === 'issued' ? result : { ...result, state: { ...result.state, [REPLACES]: certificate.sha256 } };

const explained = (result: EnrollmentResult, reason: string): RenewalResult =>
  result.kind === 'issued'
    ? { ...result, notes: [`asked for as a first certificate: ${reason}`, ...result.notes] }
    : { ...result, state: { ...result.state, [IN_PLACE]: reason } };
