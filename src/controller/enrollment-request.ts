import type { CertificateRequest } from '../api/certificate-request.js';
import type { BackendKind } from '../enrollment/backend-config.js';
import type { EnrollmentRequest } from '../enrollment/enroller.js';
import type { KubeClient } from '../kube/client.js';
import type { Logger } from '../runtime/logger.js';
import { goDurationSeconds } from './go-duration.js';
import { isRenewal, previousCertificate } from './previous-certificate.js';
import { stagedPrivateKey } from './private-key.js';

interface RequestContext {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Who is going to be asked. */
  readonly backend: BackendKind;
  readonly signal: AbortSignal;
}

/** What a backend may know of a CertificateRequest. `uid` is the one the caller decided about. */
export function enrollmentRequest(
  context: RequestContext,
  request: CertificateRequest,
  uid: string,
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
    privateKey: () => stagedPrivateKey(context, request, csrPem),
    ...(isRenewal(request) && { previous: () => previousCertificate(context, request) }),
  };
}
