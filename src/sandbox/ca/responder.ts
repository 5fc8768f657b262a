import { DerError } from '../../asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import type { PbmCredential, Protector } from '../../cmp/protection/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import { type Answer, confirmation, errorAnswer, refusalOf } from './answer.js';
import type { Behaviour, BehaviourRegistry, Stage } from './behaviour.js';
import type { Composer } from './compose.js';
import type { Enrolment } from './enrolment.js';
import { messageInside, wrapAnswer } from './envelope.js';
import { requestFacts } from './facts.js';
import { checkHeader, checkRecipNonce } from './header-rules.js';
import type { HttpFault } from './http-fault.js';
import type { Reply } from './http-server.js';
import { type Inquiries, isInquiryBody } from './inquiries.js';
import type { Ledger } from './ledger.js';
import type { MessageGate } from './message-gate.js';
import { MessageRefused } from './refusal.js';
import { isRequestBody } from './request.js';
import type { Authenticator, Requester } from './requester.js';
import type { Transaction, TransactionTable } from './transactions.js';

export interface ResponderContext {
  readonly behaviours: BehaviourRegistry;
  readonly gate: MessageGate;
  readonly authenticator: Authenticator;
  readonly composer: Composer;
  readonly enrolment: Enrolment;
  readonly inquiries: Inquiries;
  readonly transactions: TransactionTable;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For answers that are to carry a MAC although the request was signed. */
  readonly credential: PbmCredential;
}

interface Outcome {
  readonly answer: Answer;
  readonly protector: Protector | undefined;
  /** Set if the message was accepted as part of it. */
  readonly transaction?: Transaction;
}

/** From the octets of a request to the octets of its answer, and to how they are to be sent. */
export class Responder {
  readonly #context: ResponderContext;
  readonly #spoiltSoFar = new WeakMap<NonNullable<Behaviour['http']>, number>();

  constructor(context: ResponderContext) {
    this.#context = context;
  }

  async answer(path: string, der: Uint8Array): Promise<Reply> {
    const { behaviours, composer, ledger } = this.#context;
    const base = behaviours.forPath(path) ?? {};
    const message = this.#decode(der);
    if (message instanceof MessageRefused) {
      ledger.countMessage('malformed');
      const answer = errorAnswer('certificate', refusalOf(message));
      const composed = await composer.compose(answer, {}, base, this.#protectorOfLastResort(base));
      return this.#reply(base, composed.der, this.#httpFault(base, 'certificate'));
    }
    ledger.countMessage(message.body.type);
    return message.body.type === 'nested'
      ? await this.#answerNested(path, base, message, message.body.value)
      : await this.#answerPlain(path, base, message);
  }

  /** Takes the message out of its envelope and puts the answer into one. Both layers are authenticated by themselves. */
  async #answerNested(
    path: string,
    base: Behaviour,
    envelope: ReceivedMessage,
    messages: readonly Uint8Array[],
  ): Promise<Reply> {
    const { authenticator, clock, composer, credential, ledger, random } = this.#context;
    let inner: ReceivedMessage;
    try {
      const requester = await authenticator.authenticate(envelope, clock.now());
      if (requester.kind !== 'signature') throw new MessageRefused('wrongIntegrity', 'an envelope must be signed');
      checkHeader(envelope.header, clock.now());
      inner = messageInside(messages);
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      const answer = errorAnswer('certificate', refusalOf(error));
      const { der } = await composer.compose(answer, envelope.header, base, this.#protectorOfLastResort(base));
      return this.#reply(base, der, undefined);
    }
    ledger.countMessage(inner.body.type);
    const reply = await this.#answerPlain(path, base, inner);
    if (reply.message.length === 0) return reply;
    const { signer } = composer;
    return { ...reply, message: await wrapAnswer(reply.message, base, { signer, credential, random }) };
  }

  async #answerPlain(path: string, base: Behaviour, message: ReceivedMessage): Promise<Reply> {
    const { behaviours, composer, gate, transactions } = this.#context;
    const { header, body } = message;
    const transactionID = Buffer.from(header.transactionID ?? []).toString('hex');
    const passing = { path, body: body.type, transactionID };
    const unread = await gate.pass({ ...passing, point: 'beforeReading' });
    if (unread !== undefined) return this.#reply(base, new Uint8Array(), unread);
    const known = transactions.find(transactionID);
    const behaviour = known?.behaviour ?? { ...base, ...behaviours.selector?.(requestFacts(message, path)) };
    if (behaviour.http?.before === true) {
      const fault = this.#httpFault(behaviour, stageOf(body));
      if (fault !== undefined) return this.#reply(behaviour, new Uint8Array(), fault);
    }
    const { answer, protector, transaction } = await this.#process(message, known, behaviour);
    const answered = answer.recipNonce === undefined ? header : { ...header, senderNonce: answer.recipNonce };
    const composed = await composer.compose(answer, answered, behaviour, protector);
    if (transaction !== undefined) transaction.lastSenderNonce = composed.senderNonce;
    const spoilt = await gate.pass({ ...passing, point: 'beforeAnswering', answer: answer.body.type });
    const fault = behaviour.http?.before === true ? undefined : this.#httpFault(behaviour, answer.stage);
    return this.#reply(behaviour, composed.der, spoilt ?? fault);
  }

  #decode(der: Uint8Array): ReceivedMessage | MessageRefused {
    try {
      return decodeMessage(der);
    } catch (error) {
      if (error instanceof DerError) return new MessageRefused('badDataFormat', error.message);
      throw error;
    }
  }

  async #process(message: ReceivedMessage, known: Transaction | undefined, behaviour: Behaviour): Promise<Outcome> {
    const { authenticator, composer, clock, credential, logger } = this.#context;
    const stage = stageOf(message.body);
    let requester: Requester;
    try {
      requester = await authenticator.authenticate(message, clock.now());
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      return { answer: errorAnswer(stage, refusalOf(error)), protector: this.#protectorOfLastResort(behaviour) };
    }
    const own = known?.identity === requester.identity ? known : undefined;
    const protector = own?.protector ?? composer.protectorFor(requester, behaviour, credential);
    try {
      checkHeader(message.header, clock.now());
      return { protector, ...(await this.#dispatch(message, own, requester, behaviour, protector)) };
    } catch (error) {
      if (error instanceof MessageRefused) return { protector, answer: errorAnswer(stage, refusalOf(error)) };
      logger.error({ err: error }, 'the sandbox CA could not process a request');
      return { protector, answer: errorAnswer(stage, { failInfo: ['systemFailure'] }) };
    }
  }

  async #dispatch(
    message: ReceivedMessage,
    own: Transaction | undefined,
    requester: Requester,
    behaviour: Behaviour,
    protector: Protector,
  ): Promise<Omit<Outcome, 'protector'>> {
    const { enrolment, inquiries } = this.#context;
    const { body } = message;
    if (isRequestBody(body)) return await enrolment.begin({ message, body, requester, behaviour, protector });
    if (isInquiryBody(body)) return await inquiries.begin({ message, body, requester, behaviour, protector });
    if (body.type === 'pollReq' || body.type === 'certConf') {
      if (own === undefined) throw new MessageRefused('badRequest', 'no such transaction of this requester is open');
      if (behaviour.recipNonce !== 'ignore') checkRecipNonce(message.header, own.lastSenderNonce);
      const answer =
        body.type === 'pollReq' ? await enrolment.poll(own, body.value) : enrolment.confirm(own, body.value);
      return { answer, transaction: own };
    }
    if (body.type === 'error') {
      return own === undefined ? { answer: confirmation() } : { answer: enrolment.abandon(own), transaction: own };
    }
    throw new MessageRefused('badRequest', `this CA does not serve ${body.type}`);
  }

  #protectorOfLastResort({ authenticationErrors }: Behaviour): Protector | undefined {
    return authenticationErrors === 'protected' ? this.#context.composer.signer : undefined;
  }

  #httpFault({ http }: Behaviour, stage: Stage): HttpFault | undefined {
    if (http === undefined || !(http.stages ?? [stage]).includes(stage)) return undefined;
    const soFar = this.#spoiltSoFar.get(http) ?? 0;
    if (soFar >= (http.times ?? Number.POSITIVE_INFINITY)) return undefined;
    this.#spoiltSoFar.set(http, soFar + 1);
    return http.fault;
  }

  #reply({ delayMilliseconds = 0 }: Behaviour, message: Uint8Array, fault: HttpFault | undefined): Reply {
    return { message, delayMilliseconds, fault };
  }
}

function stageOf({ type }: ReceivedMessage['body']): Stage {
  if (type === 'pollReq') return 'poll';
  return type === 'certConf' ? 'confirmation' : 'certificate';
}
