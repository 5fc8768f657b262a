import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import type { ErrorMsgContent, PollRepContent } from '../schema/index.js';
import { printable } from '../text.js';
import { errorReported } from './body.js';

// Rules about waiting (RFC 9810 section 5.3.22).

type PollLimits = Pick<AnswerLimits, 'minPollSeconds' | 'maxPollSeconds'>;

const malformed = (message: string) => new CmpError({ code: 'ResponseMalformed', retry: 'transaction', message });

/** One entry, about the certificate we asked for, with a time that lies ahead. */
export function pollRepForUs(content: PollRepContent, certReqId: number): PollRepContent[number] {
  const [only, ...more] = content;
  if (only === undefined || more.length > 0) {
    throw malformed(`the CA's pollRep holds ${content.length} entries, one was expected`);
  }
  if (only.certReqId !== certReqId) {
    throw malformed(`the CA's pollRep is about certReqId ${only.certReqId}, we asked about ${certReqId}`);
  }
  if (only.checkAfter < 0) throw malformed(`the CA's pollRep asks to come back ${only.checkAfter} s from now`);
  return only;
}

/** Milliseconds until the next pollReq: what the CA asks for, within reason, and never beyond the deadline. */
export function waitMs(
  checkAfterSeconds: number,
  now: Date,
  deadline: Date,
  { minPollSeconds, maxPollSeconds }: PollLimits = DEFAULT_ANSWER_LIMITS,
): number {
  const asked = Math.min(Math.max(checkAfterSeconds, minPollSeconds), maxPollSeconds) * 1000;
  return Math.max(0, Math.min(asked, deadline.getTime() - now.getTime()));
}

/** The CA has not kept us waiting for too long. */
export function deadlineNotPassed(now: Date, deadline: Date): void {
  if (now.getTime() < deadline.getTime()) return;
  throw new CmpError({
    code: 'PollingExpired',
    message: `the CA kept the request waiting until ${deadline.toISOString()}, which is as long as is allowed; decide about it at the CA, or allow more time for polling`,
  });
}

/**
 * The error for an error message in answer to pollReq. One that finds no fault but with the message itself (badRequest)
 * tells that the CA does not remember what we ask about, say after an outage: a CA that refuses the certificate says so in
 * ip, cp or kup, or gives a reason. Then a fresh transaction helps.
 */
export function pollRefused(content: ErrorMsgContent): CmpError {
  const error = errorReported(content, true);
  if (error.failInfo.some((name) => name !== 'badRequest') || error.failInfo.length === 0) return error;
  const message = printable(
    `the CA seems to have forgotten the request that it wanted time for, which is made anew: ${error.message}`,
    1_000,
  );
  return error.with({ retry: 'transaction', message });
}
