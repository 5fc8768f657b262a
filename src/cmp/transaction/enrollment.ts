import { encodeDer, sequenceOf, utf8String } from '../../asn1/index.js';
import { certificateLabel } from '../certificate-label.js';
import { CmpError, type CmpErrorCode } from '../error.js';
import { OID } from '../oids.js';
import { PROFILES } from '../profile.js';
import {
  bodyTypeExpected,
  certificateInPlain,
  certReqIdExpected,
  deadlineNotPassed,
  errorReported,
  exactlyOneCertResponse,
  implicitConfirmGranted,
  pollRepForUs,
  statusMatchesCertificate,
  type Verdict,
  verdict,
  waitMs,
} from '../rules/index.js';
import type { CertResponse, InfoTypeAndValue } from '../schema/index.js';
import { CERT_REQ_ID, type EnrollmentBody, enrollmentBody } from '../template.js';
import { freeText, printable } from '../text.js';
import { type CertificateRequest, readWish, type Wish } from '../wish.js';
import type { Answer } from './answer.js';
import { type ConfirmationQuestion, confirmationResult, refuse, sendConfirmation } from './confirmation.js';
import { Dialogue, IMPLICIT_CONFIRM } from './dialogue.js';
import type { EnrollmentResult, IssuedCertificate } from './outcome.js';
import { WHOLE_MESSAGE } from './patience.js';
import type { CmpSession } from './session.js';
import { type KeptAnswer, restoreTransaction, storeTransaction, type TransactionState } from './state.js';
import { type ValidCertificate, validateCertificate } from './validate.js';

/** How long to leave a CA alone whose answer to certConf or pollReq got lost, in milliseconds. */
const ASK_AGAIN_MS = 5_000;

const ANSWER_TO = { ir: 'ip', cr: 'cp', p10cr: 'cp', kur: 'kup' } as const satisfies Record<EnrollmentBody, string>;

/** p10cr carries no certReqId: what its answer says depends on the product. */
const acceptedIds = ({ enrollment, profile = PROFILES.default }: CmpSession): readonly number[] =>
  enrollment === 'p10cr' ? profile.p10crCertReqIds : [CERT_REQ_ID];

/**
 * Asks for one certificate and sees the transaction through (RFC 9483 section 4.1), or up to where the CA wants time.
 * Throws CmpError, or the signal's reason.
 */
export async function startEnrollment(
  request: CertificateRequest,
  session: CmpSession,
  signal: AbortSignal,
): Promise<EnrollmentResult> {
  const wish = readWish(request);
  const now = session.clock.now();
  const body = await enrollmentBody(session.enrollment, session.proofOfPossession, wish, now);
  const deadline = new Date(now.getTime() + session.maxPollingMs);
  return new Enrollment(session, wish, deadline, signal, Dialogue.begin(session)).run((enrollment, dialogue) =>
    dialogue.ask(body, signal, { generalInfo: generalInfo(session) }).then((answer) => enrollment.onAnswer(answer)),
  );
}

/** Goes on with a transaction that was put off. The request must be the one it was begun with. */
export async function resumeEnrollment(
  request: CertificateRequest,
  stored: Readonly<Record<string, unknown>>,
  session: CmpSession,
  signal: AbortSignal,
): Promise<EnrollmentResult> {
  const wish = readWish(request);
  const state = restoreTransaction(stored);
  deadlineNotPassed(session.clock.now(), state.deadline);
  const dialogue = Dialogue.continue(session, state.position);
  return new Enrollment(session, wish, state.deadline, signal, dialogue).run((enrollment) => enrollment.resume(state));
}

function generalInfo({ implicitConfirm, certProfile }: CmpSession): InfoTypeAndValue[] {
  const items: InfoTypeAndValue[] = [];
  if (implicitConfirm) items.push(IMPLICIT_CONFIRM);
  if (certProfile !== undefined) {
    items.push({ infoType: OID.certProfile, infoValue: encodeDer(sequenceOf(utf8String), [certProfile]) });
  }
  return items;
}

/** A certificate that passed all rules and waits for its confirmation. */
interface HeldCertificate {
  readonly kept: KeptAnswer;
  readonly valid: ValidCertificate;
}

/** One run of the client's state machine. */
class Enrollment {
  readonly #session: CmpSession;
  readonly #wish: Wish;
  readonly #deadline: Date;
  readonly #signal: AbortSignal;
  readonly #dialogue: Dialogue;

  constructor(session: CmpSession, wish: Wish, deadline: Date, signal: AbortSignal, dialogue: Dialogue) {
    this.#session = session;
    this.#wish = wish;
    this.#deadline = deadline;
    this.#signal = signal;
    this.#dialogue = dialogue;
  }

  async run(steps: (enrollment: this, dialogue: Dialogue) => Promise<EnrollmentResult>): Promise<EnrollmentResult> {
    try {
      return await steps(this, this.#dialogue);
    } finally {
      await this.#dialogue.close();
    }
  }

  /** An answer to the request itself, at once or after waiting. */
  async onAnswer(answer: Answer): Promise<EnrollmentResult> {
    const { body, message, extraCerts } = answer;
    const { enrollment, implicitConfirm } = this.#session;
    const answered = bodyTypeExpected(body, [ANSWER_TO[enrollment], 'error']);
    if (answered.type === 'error') {
      if (answered.value.pKIStatusInfo.status !== 'waiting') throw errorReported(answered.value, true);
      return this.#wait(WHOLE_MESSAGE, answered.value.pKIStatusInfo.statusString);
    }
    const response = exactlyOneCertResponse(answered.value);
    certReqIdExpected(response, acceptedIds(this.#session));
    statusMatchesCertificate(response);
    const decision = verdict(response.status);
    if (decision === 'waiting') return this.#wait(response.certReqId, response.status.statusString);
    const kept: KeptAnswer = {
      certReqId: response.certReqId,
      certificate: certificateInPlain(response),
      caPubs: this.#session.certificates.usable(answered.value.caPubs ?? []).map(({ der }) => der),
      extraCerts: extraCerts.map(({ der }) => der),
      underMac: answer.signer === undefined,
    };
    return this.#onCertificate(kept, response, decision, implicitConfirmGranted(message.header, implicitConfirm));
  }

  async resume({ kept, pollId, waitingFor }: TransactionState): Promise<EnrollmentResult> {
    if (kept === undefined) return this.#poll(pollId, undefined);
    const held = { kept, valid: await this.#validate(kept, false) };
    return waitingFor === 'confirmation' ? this.#confirm(held, true) : this.#poll(pollId, undefined, held);
  }

  /** Holds the certificate against all rules; tells the CA when it is refused. */
  async #validate(kept: KeptAnswer, implicit: boolean): Promise<ValidCertificate> {
    try {
      return validateCertificate(kept, this.#wish, this.#session);
    } catch (error) {
      if (!(error instanceof CmpError)) throw error;
      if (implicit) throw this.#withHint(error, kept, 'counts as confirmed at the CA (implicitConfirm)');
      await refuse(this.#dialogue, kept, error, this.#session, this.#signal);
      const { refusedCertificates } = this.#session.profile ?? PROFILES.default;
      if (refusedCertificates === 'revoked') throw error;
      throw this.#withHint(error, kept, 'stays valid, because this kind of CA does not revoke what is refused');
    }
  }

  async #onCertificate(
    kept: KeptAnswer,
    { status }: CertResponse,
    decision: Verdict,
    implicit: boolean,
  ): Promise<EnrollmentResult> {
    const valid = await this.#validate(kept, implicit);
    const said = freeText(status.statusString);
    const remark =
      decision === 'grantedWithMods' ? [`the CA granted the request with modifications${said && `: ${said}`}`] : [];
    const remarked = { ...valid, notes: [...remark, ...valid.notes] };
    return implicit ? this.#issued(remarked, 'implicit') : this.#confirm({ kept, valid: remarked }, false);
  }

  /** Confirms; when the answer gets lost, the certificate is kept and certConf sent again later. */
  async #confirm(held: HeldCertificate, again: boolean): Promise<EnrollmentResult> {
    const { kept, valid } = held;
    let answer: Answer;
    try {
      answer = await sendConfirmation(this.#dialogue, valid.certificate, kept.certReqId, this.#session, this.#signal);
    } catch (error) {
      if (!(error instanceof CmpError) || !outcomeUnknown(error)) throw error;
      const now = this.#session.clock.now();
      deadlineNotPassed(now, this.#deadline);
      return {
        kind: 'pending',
        state: this.#store('confirmation', WHOLE_MESSAGE, kept),
        notBefore: new Date(now.getTime() + Math.max(ASK_AGAIN_MS, error.retryAfterMs ?? 0)),
        reason: printable(
          `the certificate is here, but the CA's answer to our confirmation is not: ${error.message}`,
          600,
        ),
      };
    }
    return this.#onConfirmation(answer, held, again ? 'certConfAgain' : 'certConf');
  }

  async #onConfirmation(answer: Answer, held: HeldCertificate, asked: ConfirmationQuestion): Promise<EnrollmentResult> {
    const result = confirmationResult(answer, held.valid.certificate, asked);
    return result === 'delayed' ? this.#wait(WHOLE_MESSAGE, undefined, held) : this.#issued(held.valid, 'explicit');
  }

  /** The CA wants time. The first pollReq may go at once (RFC 9483 section 4.4), so that it can say how long. */
  async #wait(
    pollId: number,
    reason: readonly string[] | undefined,
    held?: HeldCertificate,
  ): Promise<EnrollmentResult> {
    this.#dialogue.noteDelay();
    const before = this.#dialogue.position;
    try {
      return await this.#poll(pollId, reason, held);
    } catch (error) {
      if (!(error instanceof CmpError) || !outcomeUnknown(error)) throw error;
      const now = this.#session.clock.now();
      return {
        kind: 'pending',
        state: this.#store(held === undefined ? 'certificate' : 'confirmationDelayed', pollId, held?.kept, before),
        notBefore: new Date(now.getTime() + Math.max(ASK_AGAIN_MS, error.retryAfterMs ?? 0)),
        reason: printable(`${freeText(reason)} (${error.message})`),
      };
    }
  }

  async #poll(pollId: number, why: readonly string[] | undefined, held?: HeldCertificate): Promise<EnrollmentResult> {
    const pollReq = { type: 'pollReq', value: [{ certReqId: pollId }] } as const;
    const answer = await this.#dialogue.ask(pollReq, this.#signal, { pauses: true });
    if (answer.body.type !== 'pollRep') {
      return held === undefined ? this.onAnswer(answer) : this.#onConfirmation(answer, held, 'pollReq');
    }
    const { checkAfter, reason = why } = pollRepForUs(answer.body.value, pollId);
    const now = this.#session.clock.now();
    deadlineNotPassed(now, this.#deadline);
    return {
      kind: 'pending',
      state: this.#store(held === undefined ? 'certificate' : 'confirmationDelayed', pollId, held?.kept),
      notBefore: new Date(now.getTime() + waitMs(checkAfter, now, this.#deadline)),
      reason: freeText(reason),
    };
  }

  #store(
    waitingFor: TransactionState['waitingFor'],
    pollId: number,
    kept: KeptAnswer | undefined,
    position = this.#dialogue.position,
  ) {
    return storeTransaction({
      waitingFor,
      pollId,
      kept,
      position,
      deadline: this.#deadline,
    });
  }

  /** Where the CA leaves a certificate valid that we refuse, somebody has to revoke it. `why` follows its name. */
  #withHint({ cause, code, message, retry }: CmpError, kept: KeptAnswer, why: string): CmpError {
    const [certificate] = this.#session.certificates.usable([kept.certificate]);
    const which = certificate === undefined ? 'It' : `The certificate (${certificateLabel(certificate)})`;
    const hint = `${message}. ${which} ${why}: have it revoked there`;
    return new CmpError({ code, retry, message: printable(hint, 1_200), cause });
  }

  #issued(valid: ValidCertificate, confirmation: 'explicit' | 'implicit'): IssuedCertificate {
    const { transactionID, endpoint = '' } = this.#dialogue.position;
    return {
      kind: 'issued',
      ...valid,
      facts: {
        body: this.#session.enrollment,
        protection: this.#dialogue.protection,
        confirmation,
        endpoint,
        transactionID: Buffer.from(transactionID).toString('hex'),
      },
    };
  }
}

const NO_BELIEVABLE_ANSWER: readonly CmpErrorCode[] = [
  'ConnectionFailed',
  'TlsFailed',
  'Timeout',
  'HttpFailed',
  'ResponseTooLarge',
  'SignerUntrusted',
];

/** Failures after which nobody knows whether the CA has our message, and what it thinks of it. */
function outcomeUnknown({ code, retry }: CmpError): boolean {
  return retry === 'unauthenticated' || NO_BELIEVABLE_ANSWER.includes(code);
}
