import type { ReceivedMessage } from '../../cmp/message.js';
import type { PKIBody } from '../../cmp/schema/index.js';
import { type Answer, errorAnswer, finalAnswer, putOff, refusalOf, revocationRefused } from './answer.js';
import type { Opening } from './enrolment.js';
import { RequestRefused } from './refusal.js';
import { type RevocationContext, revoke } from './revocation.js';
import { answerSupport, type SupportContext } from './support.js';
import { type Transaction, type TransactionTable, WHOLE_MESSAGE } from './transactions.js';

/** Questions that one answer settles. */
export type InquiryBody = Extract<ReceivedMessage['body'], { type: 'rr' | 'genm' }>;

export const isInquiryBody = (body: ReceivedMessage['body']): body is InquiryBody =>
  body.type === 'rr' || body.type === 'genm';

interface InquiryContext extends RevocationContext, SupportContext {
  readonly transactions: TransactionTable;
}

/** The CA's side of revocation and support messages. */
export class Inquiries {
  readonly #context: InquiryContext;

  constructor(context: InquiryContext) {
    this.#context = context;
  }

  /** rr, genm. Throws MessageRefused. */
  async begin(
    opening: Omit<Opening, 'body'> & { readonly body: InquiryBody },
  ): Promise<{ readonly answer: Answer; readonly transaction?: Transaction }> {
    const { message, behaviour, requester, protector, body } = opening;
    const finish = () => this.#answer(opening);
    if (behaviour.polling === undefined) return { answer: await finish() };
    const transaction: Transaction = {
      id: this.#context.transactions.newId(message.header.transactionID),
      behaviour,
      identity: requester.identity,
      protection: requester.protection,
      request: body.type,
      certReqId: WHOLE_MESSAGE,
      firstSenderNonce: message.header.senderNonce ?? new Uint8Array(),
      protector,
      lastSenderNonce: undefined,
      phase: {
        kind: 'polling',
        terms: behaviour.polling,
        pollsLeft: behaviour.polling.polls,
        pollId: WHOLE_MESSAGE,
        stage: 'certificate',
        finish,
      },
    };
    this.#context.transactions.open(transaction);
    return { answer: putOff(behaviour.polling.reason), transaction };
  }

  async #answer(opening: Omit<Opening, 'body'> & { readonly body: InquiryBody }): Promise<Answer> {
    const { behaviour, body, requester } = opening;
    if (behaviour.error !== undefined) return errorAnswer('certificate', behaviour.error);
    if (behaviour.rejection !== undefined) {
      return body.type === 'rr'
        ? revocationRefused(behaviour.rejection)
        : errorAnswer('certificate', behaviour.rejection);
    }
    try {
      const answer: PKIBody =
        body.type === 'rr'
          ? revoke(body.value, requester, behaviour, this.#context)
          : await answerSupport(body.value, behaviour, this.#context);
      return finalAnswer(answer);
    } catch (error) {
      if (error instanceof RequestRefused) return revocationRefused(refusalOf(error));
      throw error;
    }
  }
}
