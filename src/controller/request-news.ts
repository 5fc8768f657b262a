import { encodePem } from '../pki/index.js';
import type { IssuedOutcome } from './request-record.js';

/** Why a request can never be granted, by the names of cert-manager's events. */
export type FailReason = 'SigningError' | 'DecodeError' | 'InvalidDuration';

/** What a request shall be told. */
export type RequestNews =
  | { readonly kind: 'pending'; readonly message: string }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: FailReason; readonly message: string }
  | { readonly kind: 'issued'; readonly outcome: IssuedOutcome };

/** cert-manager copies the message into the Certificate and into events, which end at 1024 octets. */
const MAX_MESSAGE = 900;

export const bounded = (message: string): string =>
  message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 3)}...`;

/** How certificates are written into a status: in one text, as they come. */
export const base64Pem = (certificates: readonly Uint8Array[]): string =>
  Buffer.from(certificates.map((der) => encodePem('CERTIFICATE', der)).join('')).toString('base64');
