import type { Protector } from '../../cmp/protection/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Answer } from './answer.js';
import type { Behaviour, Polling } from './behaviour.js';
import type { IssuedCertificate } from './issuing.js';
import { MessageRefused } from './refusal.js';

/** certReqId in polls about a whole message (RFC 9810 section 5.3.22). */
export const WHOLE_MESSAGE = -1;

/** Where a transaction stands between two messages of its client. */
type Phase =
  | {
      readonly kind: 'polling';
      readonly terms: Polling;
      readonly pollsLeft: number;
      /** certReqId in polls: that of the request, or WHOLE_MESSAGE. */
      readonly pollId: number;
      /** What is put off: the answer to the request, or to certConf. */
      readonly stage: 'certificate' | 'confirmation';
      readonly finish: () => Promise<Answer>;
    }
  | { readonly kind: 'confirming'; readonly certificate: IssuedCertificate }
  | { readonly kind: 'over' };

/** What the CA keeps of an exchange that takes more than one message. */
export interface Transaction {
  /** Lower-case hex of the transactionID. */
  readonly id: string;
  readonly behaviour: Behaviour;
  /** Who began it; nobody else may go on with it. */
  readonly identity: string;
  /** How the first request was protected, for people. */
  readonly protection: string;
  readonly request: 'ir' | 'cr' | 'p10cr' | 'kur' | 'rr' | 'genm';
  readonly certReqId: number;
  readonly firstSenderNonce: Uint8Array;
  /** Protects all answers, so that the parameters of a MAC stay the same. */
  readonly protector: Protector;
  /** The senderNonce that the client's next message has to repeat. */
  lastSenderNonce: Uint8Array | undefined;
  phase: Phase;
}

/** The transactions of the last minutes: bounded in number and in age. */
export class TransactionTable {
  readonly #entries = new Map<string, { readonly transaction: Transaction; readonly expires: number }>();
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #lifetime: number;

  constructor(clock: Clock, capacity: number, lifetimeSeconds: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#lifetime = lifetimeSeconds * 1000;
  }

  get size(): number {
    this.#dropExpired();
    return this.#entries.size;
  }

  find(id: string): Transaction | undefined {
    this.#dropExpired();
    return this.#entries.get(id)?.transaction;
  }

  /** The key for a transactionID that nobody uses yet. Throws MessageRefused. */
  newId(transactionID: Uint8Array | undefined): string {
    const id = Buffer.from(transactionID ?? []).toString('hex');
    if (this.find(id) === undefined) return id;
    throw new MessageRefused('transactionIdInUse', 'this transactionID belongs to another request');
  }

  /** Throws MessageRefused if there is no room. */
  open(transaction: Transaction): void {
    if (this.add(transaction)) return;
    throw new MessageRefused('systemUnavail', 'too many transactions are open, come back later');
  }

  /** False if there is no room. */
  add(transaction: Transaction): boolean {
    this.#dropExpired();
    if (this.#entries.size >= this.#capacity) return false;
    this.#entries.set(transaction.id, { transaction, expires: this.#clock.monotonic() + this.#lifetime });
    return true;
  }

  /** All live equally long, so the oldest stand in front. */
  #dropExpired(): void {
    const now = this.#clock.monotonic();
    for (const [id, { expires }] of this.#entries) {
      if (expires > now) return;
      this.#entries.delete(id);
    }
  }
}
