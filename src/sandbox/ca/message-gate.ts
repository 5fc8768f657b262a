import type { Gate } from '../gate.js';
import type { HttpFault } from './http-fault.js';

/** One message at a point where it can be stopped. In an envelope, it is the message inside. */
export interface PassingMessage {
  /**
   * `beforeReading`: the CA has the octets and has not looked at them yet; spoilt there, they are lost.
   * `beforeAnswering`: the CA has done all that the message asks for, and the answer is not on its way yet.
   */
  readonly point: 'beforeReading' | 'beforeAnswering';
  /** Path of the URL, without query. */
  readonly path: string;
  /** Body type of the message that came in: `ir`, `pollReq`, `certConf`, ... */
  readonly body: string;
  /** Body type of its answer, as soon as there is one: `ip`, `pollRep`, `pkiconf`, `error`, ... */
  readonly answer?: string;
  /** Lower-case hex. */
  readonly transactionID: string;
}

/** Where messages to the CA and its answers can be stopped. */
export type MessageGate = Gate<PassingMessage, HttpFault>;
