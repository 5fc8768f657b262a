import type { Enroller, EnrollmentOutcome, EnrollmentRequest, PendingState } from '../../../src/enrollment/enroller.js';

type Answer = EnrollmentOutcome | Error;

/** A backend that gives prepared answers, in order. */
export class ScriptedEnroller implements Enroller {
  readonly answers: Answer[] = [];
  readonly calls: string[] = [];
  probes: Error[] = [];
  closed = 0;
  /** Awaited before each answer. */
  gate: () => Promise<void> | void = () => {};

  async enroll(request: EnrollmentRequest): Promise<EnrollmentOutcome> {
    this.calls.push(`enroll ${request.id}`);
    return this.#answer();
  }

  async resume(request: EnrollmentRequest, state: PendingState): Promise<EnrollmentOutcome> {
    this.calls.push(`resume ${request.id} ${JSON.stringify(state)}`);
    return this.#answer();
  }

  async probe(): Promise<void> {
    const error = this.probes.shift();
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    this.closed++;
  }

  async #answer(): Promise<EnrollmentOutcome> {
    await this.gate();
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error('no answer was prepared');
    if (answer instanceof Error) throw answer;
    return answer;
  }
}
