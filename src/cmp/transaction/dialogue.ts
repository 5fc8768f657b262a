import type { Certificate } from '../../pki/index.js';
import { OID } from '../oids.js';
import type { HeaderToProtect, Protector } from '../protection/index.js';
import type { InfoTypeAndValue, PKIBody } from '../schema/index.js';
import type { TransferChannel } from '../transfer/index.js';
import { type Answer, acceptAnswer } from './answer.js';
import { protectorFor } from './credential.js';
import type { CmpSession } from './session.js';

/** 128 bits, as RFC 9810 section 5.1.1 wants them. */
const ID_OCTETS = 16;

/** So many nonces of a long transaction are remembered; an older one cannot come back, because recipNonce forbids it. */
const REMEMBERED_NONCES = 32;

const CMP_2000 = 2;
const CMP_2021 = 3;

/** Where a transaction stands: all that must be known to write its next message. */
export interface DialoguePosition {
  readonly transactionID: Uint8Array;
  /** senderNonce of our last message; undefined before the first. */
  readonly lastNonce?: Uint8Array | undefined;
  /** senderNonce of the last answer. */
  readonly peerNonce?: Uint8Array | undefined;
  /** senderNonce of our message whose answer the CA put off. */
  readonly delayedNonce?: Uint8Array | undefined;
  readonly seenNonces: readonly Uint8Array[];
  readonly knownSigners: readonly Certificate[];
  readonly endpoint?: string | undefined;
}

export interface MessageExtras {
  readonly generalInfo?: readonly InfoTypeAndValue[];
  /** Version 3 syntax is in use (hashAlg in certConf). */
  readonly pvno3?: boolean;
  /** See ExchangeOptions. */
  readonly pauses?: boolean;
}

/** The messages of one transaction: numbers them, sends them, and accepts only answers to them. */
export class Dialogue {
  readonly #session: CmpSession;
  readonly #protector: Protector;
  readonly #envelope: Protector | undefined;
  readonly #channel: TransferChannel;
  readonly #transactionID: Uint8Array;
  #lastNonce: Uint8Array | undefined;
  #peerNonce: Uint8Array | undefined;
  #delayedNonce: Uint8Array | undefined;
  #seenNonces: readonly Uint8Array[];
  #knownSigners: readonly Certificate[];

  private constructor(session: CmpSession, position: DialoguePosition) {
    this.#session = session;
    this.#transactionID = position.transactionID;
    this.#lastNonce = position.lastNonce;
    this.#peerNonce = position.peerNonce;
    this.#delayedNonce = position.delayedNonce;
    this.#seenNonces = position.seenNonces;
    this.#knownSigners = position.knownSigners;
    this.#protector = protectorFor(session.credential, session.random);
    this.#envelope = session.envelope && protectorFor(session.envelope, session.random);
    this.#channel = session.transport.open(position.endpoint);
  }

  /** `transactionID`: random if absent. */
  static begin(session: CmpSession, transactionID: Uint8Array = session.random(ID_OCTETS)): Dialogue {
    return new Dialogue(session, { transactionID, seenNonces: [], knownSigners: [] });
  }

  /** Goes on where an earlier dialogue stopped. */
  static continue(session: CmpSession, position: DialoguePosition): Dialogue {
    return new Dialogue(session, position);
  }

  get position(): DialoguePosition {
    return {
      transactionID: this.#transactionID,
      lastNonce: this.#lastNonce,
      peerNonce: this.#peerNonce,
      delayedNonce: this.#delayedNonce,
      seenNonces: this.#seenNonces,
      knownSigners: this.#knownSigners,
      endpoint: this.#channel.endpoint,
    };
  }

  /** Lower-case hexadecimal. */
  get transactionID(): string {
    return Buffer.from(this.#transactionID).toString('hex');
  }

  /** Printable name of our protection. */
  get protection(): string {
    return this.#protector.title;
  }

  /** The answer to our last message is delayed: its real answer may refer to that message's nonce. */
  noteDelay(): void {
    this.#delayedNonce = this.#lastNonce;
  }

  /** Sends one message and returns its accepted answer. Throws CmpError, or the signal's reason. */
  async ask(
    body: PKIBody,
    signal: AbortSignal,
    { generalInfo = [], pvno3 = false, pauses = false }: MessageExtras = {},
  ): Promise<Answer> {
    const { clock, random, recipient, logger, onMessage } = this.#session;
    const transactionID = this.#transactionID;
    const senderNonce = random(ID_OCTETS);
    const header = {
      pvno: pvno3 ? CMP_2021 : CMP_2000,
      recipient: { type: 'directoryName', value: recipient },
      messageTime: wholeSecond(clock.now()),
      transactionID,
      senderNonce,
      recipNonce: this.#peerNonce,
      generalInfo: generalInfo.length === 0 ? undefined : generalInfo,
    } as const;
    const message = await this.#protector.protect(header, body);
    const request = this.#envelope === undefined ? message : await enveloped(this.#envelope, header, message);
    this.#lastNonce = senderNonce;
    this.#seenNonces = remember(this.#seenNonces, senderNonce);
    const expectation = {
      transactionID,
      lastNonce: senderNonce,
      delayedNonce: this.#delayedNonce,
      seenNonces: this.#seenNonces,
      knownSigners: this.#knownSigners,
    };
    onMessage?.('request', request);
    const response = await this.#channel.exchange(request, signal, { pauses });
    onMessage?.('response', response);
    const answer = await acceptAnswer(response, expectation, this.#session);
    this.#accepted(answer);
    logger.debug({ transactionID: this.transactionID, sent: body.type, received: answer.body.type }, 'CMP exchange');
    return answer;
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  #accepted({ message, signer }: Answer): void {
    const { senderNonce } = message.header;
    this.#peerNonce = senderNonce;
    if (senderNonce !== undefined) this.#seenNonces = remember(this.#seenNonces, senderNonce);
    // Any answer but "not yet" is the one that was put off: none but the usual nonces count from here on.
    if (message.body.type !== 'pollRep') this.#delayedNonce = undefined;
    if (signer !== undefined && !this.#knownSigners.some((known) => known.equals(signer))) {
      this.#knownSigners = [...this.#knownSigners, signer].slice(-2);
    }
  }
}

/** The envelope bears the identifiers of what it holds (RFC 9483 section 5.2.2.1), but asks for nothing itself. */
function enveloped(envelope: Protector, header: HeaderToProtect, message: Uint8Array): Promise<Uint8Array> {
  return envelope.protect({ ...header, generalInfo: undefined }, { type: 'nested', value: [message] });
}

function remember(nonces: readonly Uint8Array[], nonce: Uint8Array): Uint8Array[] {
  return [...nonces, nonce].slice(-REMEMBERED_NONCES);
}

/** GeneralizedTime in a header has no fraction. */
function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

/** id-it-implicitConfirm with value NULL (RFC 9810 section 5.1.1.1). */
export const IMPLICIT_CONFIRM: InfoTypeAndValue = {
  infoType: OID.implicitConfirm,
  infoValue: Uint8Array.of(0x05, 0x00),
};
