import type { CertificateRequestStatus, RequestReadyReason } from '../api/certificate-request.js';
import { type Condition, type ConditionStatus, findCondition, nextCondition, wholeSeconds } from '../api/conditions.js';
import { base64Pem, bounded, type RequestNews, withNextTry } from './request-news.js';

/** What the status of a CertificateRequest shall say. */
export function certificateRequestStatus(
  news: RequestNews,
  existing: readonly Condition[],
  now: Date,
): CertificateRequestStatus {
  const condition = (type: string, status: ConditionStatus, reason: string, message: string) =>
    nextCondition(findCondition(existing, type), { type, status, reason, message: bounded(message) }, now);
  const ready = (status: ConditionStatus, reason: RequestReadyReason, message: string) =>
    condition('Ready', status, reason, message);
  switch (news.kind) {
    case 'pending': {
      const { message, nextTry } = news;
      const text = nextTry === undefined ? message : withNextTry(message, nextTry);
      return { conditions: [ready('False', 'Pending', text)] };
    }
    case 'denied':
      return { conditions: [ready('False', 'Denied', news.message)], failureTime: wholeSeconds(now) };
    case 'failed':
      return {
        conditions: [
          ...(news.reason === 'DecodeError' ? [condition('InvalidRequest', 'True', 'InvalidCSR', news.message)] : []),
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
