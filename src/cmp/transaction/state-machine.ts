import { CmpError, outcomeUnknown } from '../error.js';
import { PROFILES } from '../profile.js';
import {
  bodyTypeExpected,
  certificateInPlain,
  certReqIdExpected,
  deadlineNotPassed,
  exactlyOneCertResponse,
  implicitConfirmGranted,
  pollRefused,
  pollRepForUs,
  statusMatchesCertificate,
  type Verdict,
  verdict,
  waitMs,
} from '../rules/index.js';
import type { CertResponse } from '../schema/index.js';
import { CERT_REQ_ID, type EnrollmentBody } from '../template.js';
import { freeText, printable } from '../text.js';
import type { HoldCertificate, Wish } from '../wish.js';
import { abandon } from './abandon.js';
import type { Answer } from './answer.js';
import { type ConfirmationQuestion, confirmationResult, sendConfirmation } from './confirmation.js';
import type { Dialogue } from './dialogue.js';
import { Leftovers } from './leftovers.js';
import { mayLeaveCertificate, refusalReported } from './lost-track.js';
import type { EnrollmentResult, IssuedCertificate } from './outcome.js';
import { WHOLE_MESSAGE } from './patience.js';
import type { CmpSession } from './session.js';
import { type KeptAnswer, storeTransaction, type TransactionState, type WaitingFor } from './state.js';
import { type ValidCertificate, validateCertificate } from './validate.js';

/** How long to leave a CA alone whose answer to certConf or pollReq got lost, in milliseconds: twice as long each time. */
const ASK_AGAIN_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

const ANSWER_TO = { ir: 'ip', cr: 'cp', p10cr: 'cp', kur: 'kup' } as const satisfies Record<EnrollmentBody, string>;

/** p10cr carries no certReqId: what its answer says depends on the product. */
const acceptedIds = ({ enrollment, profile = PROFILES.default }: CmpSession): readonly number[] =>
  enrollment === 'p10cr' ? profile.p10crCertReqIds : [CERT_REQ_ID];

/** A certificate that passed all rules and waits for its confirmation. */
interface HeldCertificate {
  readonly kept: KeptAnswer;
  readonly valid: ValidCertificate;
}

interface EnrollmentParts {
  readonly session: CmpSession;
  readonly wish: Wish;
  readonly hold: HoldCertificate | undefined;
  /** When the transaction is given up, if the CA is reachable from now on. */
  readonly deadline: Date;
  /** How often certConf was sent before. */
  readonly confirmations?: number;
  /** See CertificateRequest. */
  readonly repeated?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly dialogue: Dialogue;
}

/** One run of the client's state machine for one certificate (RFC 9483 sections 4.1 and 4.4). */
export class Enrollment {
  readonly #session: CmpSession;
  readonly #wish: Wish;
  readonly #hold: HoldCertificate | undefined;
  readonly #deadline: Date;
  readonly #signal: AbortSignal;
  readonly #dialogue: Dialogue;
  readonly #leftovers: Leftovers;
  readonly #repeated: boolean;
  #confirmations: number;
  /** The CA has said that it needs time. */
  #putOff = false;

  constructor({ session, wish, hold, deadline, confirmations = 0, repeated, signal, dialogue }: EnrollmentParts) {
    this.#session = session;
    this.#wish = wish;
    this.#hold = hold;
    this.#deadline = deadline;
    this.#signal = signal;
    this.#dialogue = dialogue;
    this.#confirmations = confirmations;
    this.#repeated = repeated ?? false;
    this.#leftovers = new Leftovers(dialogue, session, signal);
  }

  async run(steps: (enrollment: this) => Promise<EnrollmentResult>): Promise<EnrollmentResult> {
    try {
      return await steps(this);
    } catch (error) {
      throw error instanceof CmpError && mayLeaveCertificate(error, this.#putOff)
        ? this.#leftovers.unknown(error)
        : error;
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
      if (answered.value.pKIStatusInfo.status !== 'waiting')
        throw refusalReported(answered.value, this.#putOff && this.#repeated);
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
    switch (waitingFor) {
      case 'confirmation':
        return this.#confirm(held, 'certConfAfterRestart');
      case 'confirmationAnswer':
        return this.#confirm(held, 'certConfAgain');
      case 'certificate':
      case 'confirmationDelayed':
        return this.#poll(pollId, undefined, held);
    }
  }

  /** Holds the certificate against all rules; tells the CA when it is refused. */
  async #validate(kept: KeptAnswer, implicit: boolean): Promise<ValidCertificate> {
    try {
      return validateCertificate(kept, this.#wish, this.#session);
    } catch (error) {
      if (!(error instanceof CmpError)) throw error;
      if (implicit) throw this.#leftovers.valid(error, kept, 'counts as confirmed at the CA (implicitConfirm)');
      throw await this.#leftovers.refuse(error, kept);
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
    return implicit ? this.#issued(remarked, 'implicit') : this.#confirm({ kept, valid: remarked }, 'certConf');
  }

  async #holding({ kept, valid }: HeldCertificate): Promise<'wanted' | 'unwanted'> {
    if (this.#hold === undefined) return 'wanted';
    const state = this.#store('confirmation', WHOLE_MESSAGE, this.#session.clock.now(), kept);
    return this.#hold(state, valid.certificate);
  }

  /** Confirms; when the answer gets lost, the certificate is kept and certConf sent again later. */
  async #confirm(held: HeldCertificate, asked: Exclude<ConfirmationQuestion, 'pollReq'>): Promise<EnrollmentResult> {
    const { kept, valid } = held;
    if ((await this.#holding(held)) === 'unwanted') {
      const message = 'the request went away before its certificate was confirmed, so it was refused';
      throw await this.#leftovers.refuse(new CmpError({ code: 'Withdrawn', message }), kept);
    }
    let answer: Answer;
    this.#confirmations++;
    try {
      answer = await sendConfirmation(this.#dialogue, valid.certificate, kept.certReqId, this.#session, this.#signal);
    } catch (error) {
      if (!(error instanceof CmpError) || !outcomeUnknown(error)) throw error;
      return this.#confirmLater(error, held, 'confirmationAnswer');
    }
    return this.#onConfirmation(answer, held, asked);
  }

  async #confirmLater(
    error: CmpError,
    { kept, valid }: HeldCertificate,
    waitingFor: WaitingFor,
  ): Promise<EnrollmentResult> {
    // While nobody answers, the CA's time does not run.
    if (error.retry === 'unauthenticated' || !outcomeUnknown(error)) await this.#assertInTime(kept);
    const pauseMs = Math.min(ASK_AGAIN_MS * 2 ** (this.#confirmations - 1), LONGEST_PAUSE_MS);
    const notBefore = this.#later(Math.max(pauseMs, error.retryAfterMs ?? 0));
    return {
      kind: 'pending',
      state: this.#store(waitingFor, WHOLE_MESSAGE, notBefore, kept),
      notBefore,
      reason: printable(`the certificate is here, but the CA did not confirm it yet: ${error.message}`, 600),
      certificate: valid.certificate,
      failure: error,
    };
  }

  async #onConfirmation(answer: Answer, held: HeldCertificate, asked: ConfirmationQuestion): Promise<EnrollmentResult> {
    const { kept, valid } = held;
    try {
      const result = confirmationResult(answer, valid.certificate, asked);
      if (result.kind === 'delayed') return await this.#wait(WHOLE_MESSAGE, undefined, held);
      const { assumed } = result;
      return this.#issued(assumed === undefined ? valid : { ...valid, notes: [...valid.notes, assumed] }, 'explicit');
    } catch (error) {
      if (!(error instanceof CmpError)) throw error;
      // Whoever is out of order has not decided: the certificate may be valid there for all we know.
      if (error.retry === 'transient')
        return await this.#confirmLater(error, held, asked === 'certConfAgain' ? 'confirmationAnswer' : 'confirmation');
      throw this.#leftovers.unknown(error, kept);
    }
  }

  /** Throws when the CA had all the time it gets; it is told so, unless it is its turn to confirm. */
  async #assertInTime(kept: KeptAnswer | undefined): Promise<void> {
    try {
      deadlineNotPassed(this.#session.clock.now(), this.#deadline);
    } catch (error) {
      if (!(error instanceof CmpError)) throw error;
      const noted =
        kept === undefined &&
        (await abandon(this.#dialogue, 'the client cannot wait any longer', this.#session, this.#signal));
      throw noted ? error : this.#leftovers.unknown(error, kept);
    }
  }

  #later(milliseconds: number): Date {
    return new Date(this.#session.clock.now().getTime() + milliseconds);
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
      const notBefore = this.#later(Math.max(ASK_AGAIN_MS, error.retryAfterMs ?? 0));
      const waitingFor = held === undefined ? 'certificate' : 'confirmationDelayed';
      return {
        kind: 'pending',
        state: this.#store(waitingFor, pollId, notBefore, held?.kept, before),
        notBefore,
        reason: printable(`${freeText(reason)} (${error.message})`),
        failure: error,
        ...(held && { certificate: held.valid.certificate }),
      };
    }
  }

  async #poll(pollId: number, why: readonly string[] | undefined, held?: HeldCertificate): Promise<EnrollmentResult> {
    this.#putOff = true;
    const pollReq = { type: 'pollReq', value: [{ certReqId: pollId }] } as const;
    const answer = await this.#dialogue.ask(pollReq, this.#signal, { pauses: true });
    if (answer.body.type !== 'pollRep') {
      if (held !== undefined) return this.#onConfirmation(answer, held, 'pollReq');
      if (answer.body.type !== 'error' || answer.body.value.pKIStatusInfo.status === 'waiting')
        return this.onAnswer(answer);
      const error = pollRefused(answer.body.value);
      throw error.retry === 'transaction' ? this.#leftovers.unknown(error) : error;
    }
    const { checkAfter, reason = why } = pollRepForUs(answer.body.value, pollId);
    await this.#assertInTime(held?.kept);
    const { clock, limits } = this.#session;
    const notBefore = this.#later(waitMs(checkAfter, clock.now(), this.#deadline, limits));
    return {
      kind: 'pending',
      state: this.#store(held === undefined ? 'certificate' : 'confirmationDelayed', pollId, notBefore, held?.kept),
      notBefore,
      reason: freeText(reason),
      ...(held && { certificate: held.valid.certificate }),
    };
  }

  #store(
    waitingFor: WaitingFor,
    pollId: number,
    due: Date,
    kept: KeptAnswer | undefined,
    position = this.#dialogue.position,
  ) {
    const [deadline, confirmations] = [this.#deadline, this.#confirmations];
    return storeTransaction({ waitingFor, pollId, due, deadline, confirmations, kept, position });
  }

  #issued(valid: ValidCertificate, confirmation: 'explicit' | 'implicit'): IssuedCertificate {
    const { endpoint = '' } = this.#dialogue.position;
    return {
      kind: 'issued',
      ...valid,
      facts: {
        body: this.#session.enrollment,
        protection: this.#dialogue.protection,
        confirmation,
        endpoint,
        transactionID: this.#dialogue.transactionID,
      },
    };
  }
}
