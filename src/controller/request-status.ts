import type { CertificateRequestStatus, RequestReadyReason } from '../api/certificate-request.js';
import { type Condition, type ConditionStatus, findCondition, nextCondition, wholeSeconds } from '../api/conditions.js';
import { encodePem } from '../pki/index.js';
import type { IssuedOutcome } from './request-record.js';

/** What the status of a request shall say. */
export type RequestNews =
  | { readonly kind: 'pending'; readonly message: string }
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly invalidRequest: boolean }
  | { readonly kind: 'issued'; readonly outcome: IssuedOutcome };

/** cert-manager copies the message into the Certificate and into events, which end at 1024 octets. */
const MAX_MESSAGE = 900;

export const bounded = (message: string): string =>
  message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 3)}...`;

/**
 * The status fields that are ours, complete: what server-side apply does not find in an intent, it removes.
 * `existing` are the conditions as last known, for their transition times.
 */
export function requestStatus(
  news: RequestNews,
  existing: readonly Condition[] | undefined,
  now: Date,
): CertificateRequestStatus {
  const condition = (type: string, status: ConditionStatus, reason: string, message: string) =>
    nextCondition(findCondition(existing, type), { type, status, reason, message: bounded(message) }, now);
  const ready = (status: ConditionStatus, reason: RequestReadyReason, message: string) =>
    condition('Ready', status, reason, message);
  switch (news.kind) {
    case 'pending':
      return { conditions: [ready('False', 'Pending', news.message)] };
    case 'denied':
      return { conditions: [ready('False', 'Denied', news.message)], failureTime: wholeSeconds(now) };
    case 'failed':
      return {
        conditions: [
          ...(news.invalidRequest ? [condition('InvalidRequest', 'True', 'InvalidCSR', news.message)] : []),
          ready('False', 'Failed', news.message),
        ],
        failureTime: wholeSeconds(now),
      };
    case 'issued': {
      const { chain, ca } = news.outcome;
      return {
        conditions: [ready('True', 'Issued', 'Certificate issued')],
        certificate: base64Pem(chain),
        ...(ca.length > 0 && { ca: base64Pem(ca) }),
      };
    }
  }
}

const base64Pem = (certificates: readonly Uint8Array[]): string =>
  Buffer.from(certificates.map((der) => encodePem('CERTIFICATE', der)).join('')).toString('base64');
