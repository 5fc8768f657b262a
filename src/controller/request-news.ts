import type { IssuedOutcome } from './request-record.js';

/** What a request shall be told. */
export type RequestNews =
  | { readonly kind: 'pending'; readonly message: string }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly invalidRequest: boolean }
  | { readonly kind: 'issued'; readonly outcome: IssuedOutcome };

/** cert-manager copies the message into the Certificate and into events, which end at 1024 octets. */
const MAX_MESSAGE = 900;

export const bounded = (message: string): string =>
  message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 3)}...`;
