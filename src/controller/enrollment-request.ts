import type { CertificateRequest } from '../api/certificate-request.js';
import type { EnrollmentRequest } from '../enrollment/enroller.js';
import type { KubeClient } from '../kube/client.js';
import { goDurationSeconds } from './go-duration.js';
import { stagedPrivateKey } from './private-key.js';

/** What a backend may know of a CertificateRequest. `uid` is the one the caller decided about. */
export function enrollmentRequest(
  client: KubeClient,
  request: CertificateRequest,
  uid: string,
  signal: AbortSignal,
): EnrollmentRequest {
  const { spec } = request;
  const csrPem = Buffer.from(spec.request, 'base64').toString('utf8');
  const durationSeconds = spec.duration === undefined ? undefined : goDurationSeconds(spec.duration);
  return {
    id: uid,
    csrPem,
    usages: spec.usages ?? [],
    isCA: spec.isCA ?? false,
    ...(durationSeconds !== undefined && { durationSeconds }),
    privateKey: () => stagedPrivateKey(client, request, csrPem, signal),
  };
}
