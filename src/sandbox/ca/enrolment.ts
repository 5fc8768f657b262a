import { encodeDer, generalizedTime, octetsEqual } from '../../asn1/index.js';
import type { ReceivedMessage } from '../../cmp/message.js';
import { OID } from '../../cmp/oids.js';
import type { Protector } from '../../cmp/protection/index.js';
import type { CertConfirmContent, InfoTypeAndValue, PollReqContent } from '../../cmp/schema/index.js';
import {
  certHash,
  defaultSignatureAlgorithm,
  digest,
  encodeSignatureAlgorithm,
  formatName,
  type HashName,
  OID as PKIX,
} from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import {
  type Answer,
  confirmation,
  errorAnswer,
  grant,
  IMPLICIT_CONFIRM,
  pollResponse,
  putOff,
  type ResponseType,
  refusalOf,
  rejection,
  waiting,
} from './answer.js';
import type { Behaviour } from './behaviour.js';
import type { Hierarchy } from './hierarchy.js';
import { type CertificateRequest, type IssuedCertificate, type IssuingPolicy, issueCertificate } from './issuing.js';
import { assertMayUpdate } from './key-update.js';
import type { Ledger } from './ledger.js';
import { MessageRefused, RequestRefused } from './refusal.js';
import { type RequestBody, readRequest, singleRequest } from './request.js';
import type { Requester } from './requester.js';
import { type Transaction, type TransactionTable, WHOLE_MESSAGE } from './transactions.js';

export interface EnrolmentContext {
  readonly hierarchy: Hierarchy;
  readonly policy: IssuingPolicy;
  readonly ledger: Ledger;
  readonly transactions: TransactionTable;
  readonly clock: Clock;
  readonly random: Random;
  readonly transactionLifetimeSeconds: number;
}

/** An authenticated request that may begin a transaction. */
export interface Opening {
  readonly message: ReceivedMessage;
  readonly body: RequestBody;
  readonly requester: Requester;
  readonly behaviour: Behaviour;
  readonly protector: Protector;
}

const RESPONSE = { ir: 'ip', cr: 'cp', p10cr: 'cp', kur: 'kup' } as const;

/** The CA's side of an enrolment: what it answers to messages that are known to come from whom they should. */
export class Enrolment {
  readonly #context: EnrolmentContext;

  constructor(context: EnrolmentContext) {
    this.#context = context;
  }

  /** ir, cr, p10cr, kur. Throws MessageRefused. */
  async begin(opening: Opening): Promise<{ readonly answer: Answer; readonly transaction: Transaction }> {
    const { message, body, behaviour } = opening;
    const { transactions, hierarchy } = this.#context;
    const type = RESPONSE[body.type];
    const transaction: Transaction = {
      id: transactions.newId(message.header.transactionID),
      behaviour,
      identity: opening.requester.identity,
      protection: opening.requester.protection,
      request: body.type,
      certReqId: body.type === 'p10cr' ? (behaviour.p10crCertReqId ?? -1) : singleRequest(body.value).certReq.certReqId,
      firstSenderNonce: message.header.senderNonce ?? new Uint8Array(),
      protector: opening.protector,
      lastSenderNonce: undefined,
      phase: { kind: 'over' },
    };
    transactions.open(transaction);
    const answer = await this.#refusable(type, transaction, async () => {
      const request = readRequest(message, body, {
        issuerName: hierarchy.issuing.name,
        raVerified: behaviour.raVerified ?? 'accept',
      });
      if (body.type === 'kur') {
        const context = { requester: opening.requester, issuing: hierarchy.issuing, ledger: this.#context.ledger };
        assertMayUpdate(singleRequest(body.value), request, context);
      }
      const finish = () => this.#refusable(type, transaction, () => this.#decide(type, transaction, request, message));
      if (behaviour.polling === undefined) return await finish();
      const terms = behaviour.polling;
      const pollId = transaction.certReqId;
      transaction.phase = { kind: 'polling', terms, pollsLeft: terms.polls, pollId, stage: 'certificate', finish };
      return waiting(type, pollId, terms.reason);
    });
    return { answer, transaction };
  }

  /** pollReq. Throws MessageRefused. */
  async poll(transaction: Transaction, content: PollReqContent): Promise<Answer> {
    const { phase, behaviour } = transaction;
    if (phase.kind !== 'polling') throw new MessageRefused('badRequest', 'there is nothing to poll for');
    const { pollId, pollsLeft, terms } = phase;
    if (content.length !== 1 || content[0]?.certReqId !== pollId) {
      throw new MessageRefused('badRequest', `pollReq must name certReqId ${pollId}`);
    }
    if (pollsLeft > 0) {
      transaction.phase = { ...phase, pollsLeft: pollsLeft - 1 };
      return pollResponse(pollId, terms.checkAfterSeconds, terms.reason);
    }
    transaction.phase = { kind: 'over' };
    const answer = await phase.finish();
    return behaviour.nonceAfterPolling === 'original'
      ? { ...answer, recipNonce: transaction.firstSenderNonce }
      : answer;
  }

  /** certConf. Throws MessageRefused. */
  confirm(transaction: Transaction, content: CertConfirmContent): Answer {
    const { phase, behaviour, certReqId } = transaction;
    const { ledger } = this.#context;
    if (phase.kind === 'polling' && phase.stage === 'confirmation') return putOff(phase.terms.reason);
    if (phase.kind === 'polling') throw new MessageRefused('badRequest', 'there is no certificate to confirm yet');
    if (phase.kind === 'over') {
      if (behaviour.confirmedAgain === 'pkiconf') return confirmation();
      throw new MessageRefused('certConfirmed', 'there is no certificate left to confirm');
    }
    const [status, ...more] = content;
    if (more.length > 0 || (status !== undefined && status.certReqId !== certReqId)) {
      throw new MessageRefused('badRequest', `certConf must name certReqId ${certReqId}`);
    }
    if (status !== undefined) {
      const expected = expectedHash(status.hashAlg?.algorithm, phase.certificate);
      if (!octetsEqual(status.certHash, expected)) {
        throw new MessageRefused('badCertId', 'certHash is not the hash of the certificate that was issued');
      }
    }
    if (behaviour.errorInsteadOfPkiConf !== undefined) {
      return errorAnswer('confirmation', behaviour.errorInsteadOfPkiConf);
    }
    const verdict = status?.statusInfo;
    const accepted =
      status !== undefined &&
      (verdict === undefined || verdict.status === 'accepted' || verdict.status === 'grantedWithMods');
    const reason = [...(verdict?.statusString ?? []), ...(verdict?.failInfo ?? [])].join(', ');
    const conclude = (): Answer => {
      ledger.conclude(phase.certificate.serial, accepted ? 'confirmed' : 'rejected', accepted ? '' : reason);
      transaction.phase = { kind: 'over' };
      return confirmation();
    };
    const terms = behaviour.confirmationPolling;
    if (terms === undefined) return conclude();
    const finish = async () => conclude();
    const delayed = { kind: 'polling', stage: 'confirmation', pollId: WHOLE_MESSAGE } as const;
    transaction.phase = { ...delayed, terms, pollsLeft: terms.polls, finish };
    return putOff(terms.reason);
  }

  /** The client gave up with an error message of its own. */
  abandon(transaction: Transaction): Answer {
    if (transaction.phase.kind === 'confirming') {
      this.#context.ledger.conclude(transaction.phase.certificate.serial, 'rejected', 'the client sent an error');
    }
    transaction.phase = { kind: 'over' };
    return confirmation();
  }

  async #refusable(type: ResponseType, transaction: Transaction, work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      return rejection(type, transaction.certReqId, refusalOf(error));
    }
  }

  async #decide(
    type: ResponseType,
    transaction: Transaction,
    request: CertificateRequest,
    message: ReceivedMessage,
  ): Promise<Answer> {
    const { behaviour, certReqId } = transaction;
    const { hierarchy, policy, ledger, clock, random } = this.#context;
    if (behaviour.error !== undefined) return errorAnswer('certificate', behaviour.error);
    if (behaviour.rejection !== undefined) return rejection(type, certReqId, behaviour.rejection);

    const certificate = await issueCertificate(request, behaviour, hierarchy, policy, clock.now(), random);
    const asked = (message.header.generalInfo ?? []).some(({ infoType }) => infoType === OID.implicitConfirm);
    const mode = behaviour.implicitConfirm ?? 'whenAsked';
    const implicit = mode === 'always' || (mode === 'whenAsked' && asked);
    ledger.record({
      serial: certificate.serial,
      subject: formatName(request.subject),
      publicKeySha256: Buffer.from(digest('sha256', request.publicKeyInfo)).toString('hex'),
      transactionID: transaction.id,
      body: transaction.request,
      protection: transaction.protection,
      state: implicit ? 'implicitlyConfirmed' : 'issued',
      implicit,
      reason: '',
      der: certificate.der,
    });
    // Who did not ask for it may confirm all the same.
    transaction.phase = implicit && asked ? { kind: 'over' } : { kind: 'confirming', certificate };
    return grant({
      type,
      certReqId,
      certificate: certificate.der,
      modified: certificate.modified,
      caPubs: this.#caPubs(behaviour),
      chain: [certificate.issuer.certificate],
      generalInfo: [implicit ? IMPLICIT_CONFIRM : this.#confirmWaitTime()],
      contradiction: behaviour.contradiction,
    });
  }

  #caPubs({ caPubs = 'none' }: Behaviour): readonly Uint8Array[] {
    const { root, secondRoot } = this.#context.hierarchy;
    const roots = { none: [], root: [root], allRoots: [root, secondRoot] }[caPubs];
    return roots.map(({ certificate }) => certificate);
  }

  #confirmWaitTime(): InfoTypeAndValue {
    const { clock, transactionLifetimeSeconds } = this.#context;
    const until = new Date(clock.now().getTime() + transactionLifetimeSeconds * 1000);
    return { infoType: OID.confirmWaitTime, infoValue: encodeDer(generalizedTime, until) };
  }
}

const HASHES: Readonly<Record<string, HashName>> = {
  [PKIX.sha256]: 'sha256',
  [PKIX.sha384]: 'sha384',
  [PKIX.sha512]: 'sha512',
};

/** The hash that belongs to the signature of the certificate, unless hashAlg names one (RFC 9810 section 5.3.18). */
function expectedHash(hashAlg: string | undefined, { der, issuer }: IssuedCertificate): Uint8Array {
  if (hashAlg === undefined) {
    return certHash({
      der,
      signatureAlgorithm: encodeSignatureAlgorithm(defaultSignatureAlgorithm(issuer.privateKey)),
    });
  }
  const name = HASHES[hashAlg];
  if (name === undefined) throw new MessageRefused('badAlg', `hashAlg ${hashAlg} is not supported`);
  return digest(name, der);
}
