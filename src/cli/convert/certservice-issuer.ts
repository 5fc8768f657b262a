import { ISSUER_GROUP } from '../../api/issuer.js';
import { type IssuerObject, metadata } from './objects.js';

/** Where the issuer of a CertService client comes from. */
export interface CertServiceIssuerSource {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly requestUrl: string;
  readonly caName: string;
}

/** The Secret that OOM's charts make for CertService's clients. */
const CLIENT_SECRET = 'oom-cert-service-client-tls-secret';
const CERT_ENDPOINT = /^(.*\/)?v1\/certificate$/;

/** The CMPv2Issuer that calls the CertService which this client called; `requestUrl` must be a URL. */
export function certServiceIssuer({ name, namespace, requestUrl, caName }: CertServiceIssuerSource): IssuerObject {
  const url = new URL(requestUrl);
  const certEndpoint = url.pathname.replace(/^\/+|\/+$/g, '');
  const match = CERT_ENDPOINT.exec(certEndpoint);
  const prefix = match?.[1] ?? '';
  return {
    apiVersion: `${ISSUER_GROUP}/v1`,
    kind: 'CMPv2Issuer',
    metadata: metadata(name, namespace),
    spec: {
      url: url.origin,
      healthEndpoint: `${prefix}actuator/health`,
      certEndpoint,
      ...(match !== null && { updateEndpoint: `${prefix}v1/certificate-update` }),
      caName,
      certSecretRef: { name: CLIENT_SECRET, keyRef: 'tls.key', certRef: 'tls.crt', cacertRef: 'ca.crt' },
    },
  };
}

/** What is to be checked about it by hand. */
export const certServiceIssuerWarnings = (requestUrl: string): readonly string[] => [
  `the issuer reads its TLS client identity from Secret ${CLIENT_SECRET} (PEM; the one of OOM's charts): ` +
    'change spec.certSecretRef if yours is another',
  ...(requestUrl.startsWith('https:')
    ? []
    : [`REQUEST_URL ${requestUrl} is not https: the issuer speaks nothing else, correct spec.url`]),
];
