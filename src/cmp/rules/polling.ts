import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import type { PollRepContent } from '../schema/index.js';

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
