import type { CertificateRequest } from '../api/certificate-request.js';
import { isFinished } from './decide.js';
import { issuerKey, issuerOf } from './issuer-key.js';

/** Finds the unfinished requests of an issuer by its key. */
export const BY_ISSUER = 'issuer';

export const requestIndexes = {
  [BY_ISSUER]: (request: CertificateRequest): readonly string[] => {
    const name = issuerOf(request);
    return name === undefined || isFinished(request) ? [] : [issuerKey(name)];
  },
};

/**
 * What is worth remembering of a request: nothing of other people's, and of finished ones only that they are. A
 * cluster may hold tens of thousands of both.
 */
export function projectRequest(
  request: CertificateRequest,
  serves: (kind: string) => boolean,
): CertificateRequest | undefined {
  const name = issuerOf(request);
  if (name === undefined || !serves(name.kind)) return undefined;
  if (!isFinished(request)) return request;
  const { metadata, spec, status } = request;
  return {
    apiVersion: request.apiVersion,
    kind: request.kind,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      ...(metadata.uid !== undefined && { uid: metadata.uid }),
      ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
    },
    spec: { request: '', issuerRef: spec.issuerRef },
    status: {
      conditions: (status?.conditions ?? []).filter(({ type }) => type === 'Ready'),
      ...(status?.certificate !== undefined && { certificate: 'present' }),
    },
  };
}
