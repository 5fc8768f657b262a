import { Certificate, PkiError } from '../../pki/index.js';
import { CmpError } from '../error.js';
import type { DialoguePosition } from './dialogue.js';

/**
 * What a transaction waits for:
 * - `certificate`: the CA has not decided yet; ask again with pollReq.
 * - `confirmation`: the certificate is here and good, and our certConf may have been sent or not; send it (again).
 * - `confirmationAnswer`: our certConf was sent, its answer got lost; send it again.
 * - `confirmationDelayed`: the CA has our certConf and needs time; ask again with pollReq.
 */
export type WaitingFor = 'certificate' | 'confirmation' | 'confirmationAnswer' | 'confirmationDelayed';

/** The answer that brought the certificate, kept while its confirmation is outstanding. */
export interface KeptAnswer {
  readonly certReqId: number;
  readonly certificate: Uint8Array;
  readonly caPubs: readonly Uint8Array[];
  readonly extraCerts: readonly Uint8Array[];
  /** The answer was protected by our MAC, not by a signature. */
  readonly underMac: boolean;
}

/** Where a transaction was left. */
export interface TransactionState {
  readonly waitingFor: WaitingFor;
  readonly position: DialoguePosition;
  /** certReqId for pollReq. */
  readonly pollId: number;
  /** When the next message was to be sent. */
  readonly due: Date;
  /** When the transaction is given up, if nothing but the CA delays it after `due`. */
  readonly deadline: Date;
  /** How often certConf was sent. */
  readonly confirmations: number;
  readonly kept?: KeptAnswer | undefined;
}

/** The same as plain JSON: octets in base64, times in ISO 8601. Holds no secret. */
export interface StoredTransaction extends Readonly<Record<string, unknown>> {
  readonly version: 1;
}

const VERSION = 1;
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const texts = (list: readonly Uint8Array[]): string[] => list.map(text);

export function storeTransaction({
  waitingFor,
  position,
  pollId,
  due,
  deadline,
  confirmations,
  kept,
}: TransactionState): StoredTransaction {
  const { transactionID, lastNonce, peerNonce, delayedNonce, seenNonces, knownSigners, endpoint } = position;
  const optional = { lastNonce, peerNonce, delayedNonce };
  return {
    version: VERSION,
    waitingFor,
    pollId,
    due: due.toISOString(),
    deadline: deadline.toISOString(),
    confirmations,
    endpoint,
    transactionID: text(transactionID),
    seenNonces: texts(seenNonces),
    knownSigners: knownSigners.map(({ der }) => text(der)),
    ...Object.fromEntries(Object.entries(optional).flatMap(([name, nonce]) => (nonce ? [[name, text(nonce)]] : []))),
    ...(kept === undefined
      ? {}
      : {
          kept: {
            certReqId: kept.certReqId,
            certificate: text(kept.certificate),
            caPubs: texts(kept.caPubs),
            extraCerts: texts(kept.extraCerts),
            underMac: kept.underMac ? 1 : 0,
          },
        }),
  };
}

/** Reads one field of a record that may come from anywhere. */
class Fields {
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw unreadable('it is no object');
    this.#record = value as Readonly<Record<string, unknown>>;
  }

  string(name: string): string {
    const value = this.#record[name];
    if (typeof value !== 'string') throw unreadable(`${name} is no text`);
    return value;
  }

  integer(name: string): number {
    const value = this.#record[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw unreadable(`${name} is no integer`);
    return value;
  }

  date(name: string): Date {
    const date = new Date(this.string(name));
    if (Number.isNaN(date.getTime())) throw unreadable(`${name} is no time`);
    return date;
  }

  octets(name: string): Uint8Array {
    return Buffer.from(this.string(name), 'base64');
  }

  octetsIfAny(name: string): Uint8Array | undefined {
    return this.#record[name] === undefined ? undefined : this.octets(name);
  }

  octetsList(name: string): Uint8Array[] {
    const value = this.#record[name];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
      throw unreadable(`${name} is no list of texts`);
    }
    return value.map((item: string) => Buffer.from(item, 'base64'));
  }

  fields(name: string): Fields | undefined {
    return this.#record[name] === undefined ? undefined : new Fields(this.#record[name]);
  }
}

const WAITING: readonly WaitingFor[] = ['certificate', 'confirmation', 'confirmationAnswer', 'confirmationDelayed'];

function unreadable(what: string): CmpError {
  return new CmpError({
    code: 'Internal',
    retry: 'transaction',
    message: `the record of the pending transaction cannot be read: ${what}; a fresh transaction is started`,
  });
}

/**
 * Throws CmpError `Internal`, class `transaction`, when the record is not one that `storeTransaction` made, or when it is
 * about another transaction than the one that is expected (absent: any).
 */
export function restoreTransaction(
  stored: Readonly<Record<string, unknown>>,
  expectedId?: Uint8Array,
): TransactionState {
  const fields = new Fields(stored);
  if (fields.integer('version') !== VERSION) throw unreadable('another version of this program made it');
  if (expectedId !== undefined && !Buffer.from(expectedId).equals(fields.octets('transactionID')))
    throw unreadable('it is about another transaction');
  const waitingFor = WAITING.find((name) => name === fields.string('waitingFor'));
  if (waitingFor === undefined) throw unreadable('waitingFor is unknown');
  const kept = fields.fields('kept');
  if (waitingFor !== 'certificate' && kept === undefined) throw unreadable('the certificate is missing');
  try {
    return {
      waitingFor,
      pollId: fields.integer('pollId'),
      due: fields.date('due'),
      deadline: fields.date('deadline'),
      confirmations: fields.integer('confirmations'),
      position: {
        endpoint: fields.string('endpoint'),
        transactionID: fields.octets('transactionID'),
        lastNonce: fields.octetsIfAny('lastNonce'),
        peerNonce: fields.octetsIfAny('peerNonce'),
        delayedNonce: fields.octetsIfAny('delayedNonce'),
        seenNonces: fields.octetsList('seenNonces'),
        knownSigners: fields.octetsList('knownSigners').map((der) => Certificate.parse(der)),
      },
      kept: kept && {
        certReqId: kept.integer('certReqId'),
        certificate: kept.octets('certificate'),
        caPubs: kept.octetsList('caPubs'),
        extraCerts: kept.octetsList('extraCerts'),
        underMac: kept.integer('underMac') === 1,
      },
    };
  } catch (error) {
    throw error instanceof PkiError ? unreadable(error.message) : error;
  }
}
