import type { IssuerSpec } from '../api/issuer.js';
import type { CertServiceConfig } from '../enrollment/certservice-config.js';
import { IssuerProblem } from './issuer-problem.js';
import type { IssuerSecrets } from './issuer-secrets.js';

/** A spec that names a CertService: all that ONAP's CRDs demand is there, though it may be empty. */
export type CertServiceSpec = IssuerSpec &
  Required<Pick<IssuerSpec, 'url' | 'healthEndpoint' | 'certEndpoint' | 'caName' | 'certSecretRef'>>;

/** What applies where spec.certService says nothing. */
const DEFAULTS = {
  csr: 'Auto',
  keys: 'RSA',
  connectTimeoutSeconds: 10,
  requestTimeoutSeconds: 60,
  maxResponseBytes: 1_048_576,
  maxHeaderBytes: 16_384,
} as const;

/** Usages are always the same ones there (ONAP). Names are what a certificate is for, as with any CA. */
const DEFAULT_POLICY = { subject: 'Exact', subjectAltNames: 'AllowAdditional', usages: 'Any' } as const;

/** Whether the spec is for the CertService backend. The API server sees to it that it is one or the other. */
export const isCertServiceSpec = (spec: IssuerSpec): spec is CertServiceSpec =>
  spec.cmp === undefined && spec.url !== undefined && spec.certSecretRef !== undefined;

/**
 * The checks of ONAP's provider, in its order: the first miss counts. Must come before any Secret is read.
 * Throws IssuerProblem `ValidationFailed`.
 */
export function assertCertServiceSpec({ url, caName, certSecretRef }: CertServiceSpec): void {
  const { name, keyRef, certRef, cacertRef } = certSecretRef;
  const fields = {
    url,
    caName,
    'certSecretRef.name': name,
    'certSecretRef.keyRef': keyRef,
    'certSecretRef.certRef': certRef,
    'certSecretRef.cacertRef': cacertRef,
  };
  for (const [field, value] of Object.entries(fields))
    if (value === '') throw new IssuerProblem('ValidationFailed', `spec.${field} cannot be empty`);
}

/**
 * What the CertService backend must know, from an issuer's spec and its Secret. Throws IssuerProblem `Error` when the
 * Secret does not hold what it must.
 */
export function certServiceConfig(spec: CertServiceSpec, secrets: IssuerSecrets): CertServiceConfig {
  const { name, keyRef, certRef, cacertRef } = spec.certSecretRef;
  const { csr, keys, policy, ...limits } = { policy: {}, ...DEFAULTS, ...spec.certService };
  const text = (key: string, field: string): string => {
    const value = secrets.find(name, key);
    if (value === undefined)
      throw new IssuerProblem(
        'Error',
        `secret ${name} does not contain key ${key}: add it, or name another key in spec.certSecretRef.${field}`,
      );
    return Buffer.from(value).toString('utf8');
  };
  return {
    url: spec.url,
    healthEndpoint: spec.healthEndpoint,
    certEndpoint: spec.certEndpoint,
    ...(spec.updateEndpoint !== undefined && { updateEndpoint: spec.updateEndpoint }),
    caName: spec.caName,
    clientKeyPem: text(keyRef, 'keyRef'),
    clientCertPem: text(certRef, 'certRef'),
    serverCaPem: text(cacertRef, 'cacertRef'),
    caBundle: spec.caBundle,
    csr,
    keys,
    policy: { ...DEFAULT_POLICY, ...policy },
    limits: {
      connectTimeoutMs: limits.connectTimeoutSeconds * 1000,
      requestTimeoutMs: limits.requestTimeoutSeconds * 1000,
      maxResponseBytes: limits.maxResponseBytes,
      maxHeaderBytes: limits.maxHeaderBytes,
    },
  };
}
