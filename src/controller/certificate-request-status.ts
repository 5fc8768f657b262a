import type { CertificateRequestStatus, RequestReadyReason } from '../api/certificate-request.js';
import { type Condition, type ConditionStatus, findCondition, nextCondition, wholeSeconds } from '../api/conditions.js';
import { encodePem } from '../pki/index.js';
import { bounded, type RequestNews } from './request-news.js';
import type { RequestStatus } from './signing-request.js';

/** What the status of a CertificateRequest shall say. */
export function certificateRequestStatus(
  news: RequestNews,
  existing: readonly Condition[],
  now: Date,
): CertificateRequestStatus & RequestStatus {
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
