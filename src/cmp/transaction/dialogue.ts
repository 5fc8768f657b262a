import type { Certificate } from '../../pki/index.js';
import { OID } from '../oids.js';
import type { Protector } from '../protection/index.js';
import type { InfoTypeAndValue, PKIBody } from '../schema/index.js';
import type { TransferChannel } from '../transfer/index.js';
import { type Answer, acceptAnswer } from './answer.js';
import { newProtector } from './credential.js';
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
  #position: DialoguePosition;

  private constructor(session: CmpSession, position: DialoguePosition) {
    this.#session = session;
    this.#position = position;
    this.#protector = newProtector(session.credential, session.random);
    this.#envelope = session.envelope && newProtector(session.envelope, session.random);
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
    return { ...this.#position, endpoint: this.#channel.endpoint };
  }

  /** Lower-case hexadecimal. */
  get transactionID(): string {
    return Buffer.from(this.#position.transactionID).toString('hex');
  }

  /** Printable name of our protection. */
  get protection(): string {
    return this.#protector.title;
  }

  /** The answer to our last message is delayed: its real answer may refer to that message's nonce. */
  noteDelay(): void {
    this.#position = { ...this.#position, delayedNonce: this.#position.lastNonce };
  }

  /** Sends one message and returns its accepted answer. Throws CmpError, or the signal's reason. */
  async ask(
    body: PKIBody,
    signal: AbortSignal,
    { generalInfo = [], pvno3 = false, pauses = false }: MessageExtras = {},
  ): Promise<Answer> {
    const { clock, random, recipient, logger, onMessage } = this.#session;
    const { transactionID, peerNonce, seenNonces } = this.#position;
    const senderNonce = random(ID_OCTETS);
    const header = {
      pvno: pvno3 ? CMP_2021 : CMP_2000,
      recipient: { type: 'directoryName', value: recipient },
      messageTime: wholeSecond(clock.now()),
      transactionID,
      senderNonce,
      recipNonce: peerNonce,
    } as const;
    const message = await this.#protector.protect(
      { ...header, generalInfo: generalInfo.length === 0 ? undefined : generalInfo },
      body,
    );
    // The envelope bears the identifiers of what it holds (RFC 9483 section 5.2.2.1).
    const request = (await this.#envelope?.protect(header, { type: 'nested', value: [message] })) ?? message;
    const sent = remember(seenNonces, senderNonce);
    this.#position = { ...this.#position, lastNonce: senderNonce, seenNonces: sent };
    onMessage?.('request', request);
    const response = await this.#channel.exchange(request, signal, { pauses });
    onMessage?.('response', response);
    const answer = await acceptAnswer(response, { ...this.#position, lastNonce: senderNonce }, this.#session);
    this.#accepted(answer);
    logger.debug(
      { transactionID: Buffer.from(transactionID).toString('hex'), sent: body.type, received: answer.body.type },
      'CMP exchange',
    );
    return answer;
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  #accepted({ message, signer }: Answer): void {
    const { delayedNonce, knownSigners, seenNonces } = this.#position;
    const peerNonce = message.header.senderNonce;
    const isNew = signer !== undefined && !knownSigners.some((known) => known.equals(signer));
    this.#position = {
      ...this.#position,
      peerNonce,
      // Any answer but "not yet" is the one that was put off: none but the usual nonces count from here on.
      delayedNonce: message.body.type === 'pollRep' ? delayedNonce : undefined,
      seenNonces: peerNonce === undefined ? seenNonces : remember(seenNonces, peerNonce),
      knownSigners: isNew ? [...knownSigners, signer].slice(-2) : knownSigners,
    };
  }
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
