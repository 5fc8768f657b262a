import type { BackendKind } from '../enrollment/backend-config.js';
import type { EnrollmentRequest } from '../enrollment/enroller.js';
import type { KubeClient } from '../kube/client.js';
import type { Logger } from '../runtime/logger.js';
import { isRenewal, previousCertificate } from './previous-certificate.js';
import { stagedPrivateKey } from './private-key.js';
import type { SigningRequest } from './signing-request.js';

interface RequestContext {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Who is going to be asked. */
  readonly backend: BackendKind;
  readonly signal: AbortSignal;
}

/** What a backend may know of a request. */
export function enrollmentRequest(context: RequestContext, request: SigningRequest): EnrollmentRequest {
  const { csrPem, usages, isCA, durationSeconds, resource } = request;
  return {
    id: request.metadata.uid,
    csrPem,
    csrVerified: resource.verifiesCsr,
    usages,
    isCA,
    ...(durationSeconds !== undefined && { durationSeconds }),
    privateKey: () => stagedPrivateKey(context, request),
    ...(isRenewal(request) && { previous: () => previousCertificate(context, request) }),
  };
}
