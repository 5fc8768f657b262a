import { wholeSeconds } from '../api/conditions.js';
import { encodePem } from '../pki/index.js';
import type { IssuedOutcome } from './request-record.js';

/** Why a request can never be granted, by the names of cert-manager's events. */
export type FailReason = 'SigningError' | 'DecodeError' | 'InvalidDuration';

/** What a request shall be told. */
export type RequestNews =
  | {
      readonly kind: 'pending';
      readonly message: string;
      /** When it is tried again, where nothing but time must pass for that. */
      readonly nextTry?: Date;
    }
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

/** The message of a failure, with the time of the next try, which must not get lost. */
export function withNextTry(message: string, until: Date): string {
  const ending = `. Next try at ${wholeSeconds(until)}`;
  const room = MAX_MESSAGE - ending.length;
  return (message.length <= room ? message.replace(/\.$/, '') : `${message.slice(0, room - 3)}...`) + ending;
}
