import type {
  Enroller,
  EnrollmentOutcome,
  EnrollmentRequest,
  HeldCertificate,
  PendingState,
} from '../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import type { LeftoverCertificate } from '../../../src/enrollment/leftover.js';

type Answer = EnrollmentOutcome | Error;

/** A backend that gives prepared answers, in order. */
export class ScriptedEnroller implements Enroller {
  readonly answers: Answer[] = [];
  readonly calls: string[] = [];
  /** For each `enroll`, whether the CSR was said to be verified. */
  readonly verified: (boolean | undefined)[] = [];
  /** For each `resume`, whether it was said to be a repetition. */
  readonly repeated: (boolean | undefined)[] = [];
  probes: Error[] = [];
  closed = 0;
  /** Awaited before each answer. */
  gate: () => Promise<void> | void = () => {};
  /** Held before each answer. */
  held: HeldCertificate | undefined;
  /** What abandoning leaves behind, or why it fails. */
  left: LeftoverCertificate | Error | undefined;

  async enroll(request: EnrollmentRequest): Promise<EnrollmentOutcome> {
    this.calls.push(`enroll ${request.id}${request.attempt === 1 ? '' : ` attempt ${request.attempt}`}`);
    this.verified.push(request.csrVerified);
    return this.#answer(request);
  }

  async resume(request: EnrollmentRequest, state: PendingState): Promise<EnrollmentOutcome> {
    this.calls.push(`resume ${request.id} ${JSON.stringify(state)}`);
    this.repeated.push(request.repeated);
    return this.#answer(request);
  }

  abandon = async (state: PendingState): Promise<LeftoverCertificate | undefined> => {
    this.calls.push(`abandon ${JSON.stringify(state)}`);
    if (this.left instanceof Error) throw this.left;
    return this.left;
  };

  async probe(): Promise<void> {
    const error = this.probes.shift();
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    this.closed++;
  }

  async #answer({ hold }: EnrollmentRequest): Promise<EnrollmentOutcome> {
    await this.gate();
    if (this.held !== undefined && (await hold?.(this.held)) === 'unwanted')
      throw new EnrollmentError({ code: 'Withdrawn', retry: 'request', message: 'nobody wants it' });
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error('no answer was prepared');
    if (answer instanceof Error) throw answer;
    return answer;
  }
}
