import { CmpError } from '../error.js';
import { bodyTypeExpected, deadlineNotPassed, errorReported, pollRepForUs, waitMs } from '../rules/index.js';
import type { PKIBody, PKIBodyType } from '../schema/index.js';
import { freeText } from '../text.js';
import { abandon } from './abandon.js';
import type { Answer } from './answer.js';
import { Dialogue } from './dialogue.js';
import type { CmpSession } from './session.js';

/** certReqId in polls about a whole message (RFC 9810 section 5.3.22). */
export const WHOLE_MESSAGE = -1;

/** For log lines and tables. */
export interface ExchangeFacts {
  /** Protection of our messages, e.g. `PasswordBasedMac`. */
  readonly protection: string;
  readonly endpoint: string;
  /** Lower-case hexadecimal. */
  readonly transactionID: string;
}

/** The answer to one question, of the type that belongs to it. */
export interface Reply<T extends PKIBodyType> {
  readonly body: Extract<PKIBody, { type: T }>;
  readonly answer: Answer;
  readonly facts: ExchangeFacts;
}

const putOff = ({ body }: Answer): boolean => body.type === 'error' && body.value.pKIStatusInfo.status === 'waiting';

/** Polls for a whole message until its answer is there (RFC 9483 section 4.4). */
async function pollForAnswer(
  dialogue: Dialogue,
  session: CmpSession,
  reason: string,
  deadline: Date,
  signal: AbortSignal,
): Promise<Answer> {
  const { clock, onWait } = session;
  dialogue.noteDelay();
  let why = reason;
  for (;;) {
    const pollReq = { type: 'pollReq', value: [{ certReqId: WHOLE_MESSAGE }] } as const;
    const answer = await dialogue.ask(pollReq, signal, { pauses: true });
    if (answer.body.type !== 'pollRep') return answer;
    const { checkAfter, reason: said } = pollRepForUs(answer.body.value, WHOLE_MESSAGE);
    why = freeText(said) || why;
    const now = clock.now();
    deadlineNotPassed(now, deadline);
    const milliseconds = waitMs(checkAfter, now, deadline, session.limits);
    onWait?.(milliseconds, why);
    await clock.sleep(milliseconds, signal);
  }
}

/**
 * Asks one question that needs no confirmation, and waits for the answer where the CA puts it off: no longer than
 * `maxPollingMs`, then the transaction is called off. An error of the CA's is thrown. Throws CmpError, or the signal's reason.
 */
export async function askPatiently<T extends PKIBodyType>(
  question: PKIBody,
  answerType: T,
  session: CmpSession,
  signal: AbortSignal,
): Promise<Reply<T>> {
  const dialogue = Dialogue.begin(session);
  const deadline = new Date(session.clock.now().getTime() + session.maxPollingMs);
  try {
    let answer = await dialogue.ask(question, signal);
    if (answer.body.type === 'error' && putOff(answer)) {
      const { statusString } = answer.body.value.pKIStatusInfo;
      answer = await pollForAnswer(dialogue, session, freeText(statusString), deadline, signal);
    }
    const body = bodyTypeExpected<T | 'error'>(answer.body, [answerType, 'error']);
    if (body.type === 'error') throw errorReported((body as Extract<PKIBody, { type: 'error' }>).value, true);
    const { transactionID, endpoint = '' } = dialogue.position;
    return {
      body: body as Extract<PKIBody, { type: T }>,
      answer,
      facts: {
        protection: dialogue.protection,
        endpoint,
        transactionID: Buffer.from(transactionID).toString('hex'),
      },
    };
  } catch (error) {
    if (error instanceof CmpError && error.code === 'PollingExpired') {
      await abandon(dialogue, 'the client cannot wait any longer', session, signal);
    }
    throw error;
  } finally {
    await dialogue.close();
  }
}
