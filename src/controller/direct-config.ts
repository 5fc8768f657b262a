import type { IssuerSpec } from '../api/issuer.js';
import type { CmpEndpoint, DirectBackendConfig, SignatureProtection } from '../enrollment/direct-config.js';
import { decodePem, PkiError } from '../pki/index.js';
import { IssuerProblem } from './issuer-problem.js';
import type { IssuerSecrets } from './issuer-secrets.js';

type CmpSpec = NonNullable<IssuerSpec['cmp']>;
type EndpointSpec = CmpSpec['endpoints'][number];

/** Secret keys of type kubernetes.io/tls. */
const TLS_CERT = 'tls.crt';
const TLS_KEY = 'tls.key';
/** Those of type kubernetes.io/basic-auth. */
const USERNAME = 'username';
const PASSWORD = 'password';

/**
 * What the direct backend must know, from an issuer's spec and its Secrets. Throws IssuerProblem `ValidationFailed`
 * when the spec itself cannot work, `Error` when a Secret does not hold what it must.
 */
export function directConfig(spec: IssuerSpec, cmp: CmpSpec, secrets: IssuerSecrets): DirectBackendConfig {
  return {
    endpoints: cmp.endpoints.map((endpoint, index) =>
      endpointConfig(endpoint, `spec.cmp.endpoints[${index}]`, secrets),
    ),
    profile: cmp.profile,
    ...(cmp.recipient !== undefined && { recipient: cmp.recipient }),
    enrollment: cmp.enrollment,
    proofOfPossession: cmp.proofOfPossession,
    renewal: cmp.renewal,
    confirmation: cmp.confirmation,
    protection: protectionConfig(cmp.protection, secrets),
    trustPem: trustPem(cmp.trust, secrets),
    responseProtection: cmp.responseProtection,
    ...(cmp.expectedSigner !== undefined && { expectedSigner: cmp.expectedSigner }),
    ...(cmp.ignoreKeyUsage !== undefined && { ignoreKeyUsage: cmp.ignoreKeyUsage }),
    ...(cmp.messageTimeToleranceSeconds !== undefined && {
      messageTimeToleranceMs: cmp.messageTimeToleranceSeconds * 1000,
    }),
    ...(cmp.certProfile !== undefined && { certProfile: cmp.certProfile }),
    ...(cmp.nested !== undefined && { nested: signatureConfig(cmp.nested, 'spec.cmp.nested', secrets) }),
    ...(cmp.answerLimits !== undefined && { answerLimits: cmp.answerLimits }),
    policy: cmp.policy,
    caBundle: spec.caBundle,
    limits: {
      connectTimeoutMs: cmp.connectTimeoutSeconds * 1000,
      requestTimeoutMs: cmp.requestTimeoutSeconds * 1000,
      maxResponseBytes: cmp.maxResponseBytes,
      maxPollingMs: cmp.pollingTimeoutSeconds * 1000,
    },
  };
}

function endpointConfig(endpoint: EndpointSpec, field: string, secrets: IssuerSecrets): CmpEndpoint {
  const { url, tls } = endpoint;
  if (!URL.canParse(url))
    throw new IssuerProblem('ValidationFailed', `${field}.url: "${url}" is no URL: write http(s)://host[:port]/path`);
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '')
    throw new IssuerProblem('ValidationFailed', `${field}.url must not hold credentials: use tls.clientCertSecretRef`);
  const common = { url, ...proxyConfig(endpoint, field, secrets) };
  if (tls === undefined) return common;
  if (parsed.protocol !== 'https:')
    throw new IssuerProblem('ValidationFailed', `${field}.tls needs an https URL: change url, or remove tls`);
  const { caBundle, caSecretRef, clientCertSecretRef: client, serverName } = tls;
  const tlsCaPem =
    caSecretRef === undefined ? caBundle : secrets.text(caSecretRef.name, caSecretRef.key, `${field}.tls.caSecretRef`);
  if (tlsCaPem !== undefined)
    assertCertificates(tlsCaPem, caSecretRef === undefined ? `${field}.tls.caBundle` : `${field}.tls.caSecretRef`);
  return {
    ...common,
    ...(tlsCaPem !== undefined && { tlsCaPem }),
    ...(client !== undefined && {
      clientCertPem: secrets.text(client.name, TLS_CERT, `${field}.tls.clientCertSecretRef`),
      clientKeyPem: secrets.text(client.name, TLS_KEY, `${field}.tls.clientCertSecretRef`),
    }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** Credentials go into the URL of the proxy, as all who use it expect them; nothing ever prints it. */
function proxyConfig(
  { proxy, proxySecretRef }: EndpointSpec,
  field: string,
  secrets: IssuerSecrets,
): Pick<CmpEndpoint, 'proxy'> {
  if (proxy === undefined) {
    if (proxySecretRef === undefined) return {};
    throw new IssuerProblem('ValidationFailed', `${field}.proxySecretRef needs proxy: give one, or remove the other`);
  }
  const parsed = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (parsed === undefined || parsed.username !== '' || parsed.password !== '')
    throw new IssuerProblem(
      'ValidationFailed',
      `${field}.proxy must be http(s)://host[:port] without credentials, which belong in a Secret (proxySecretRef)`,
    );
  if (proxySecretRef !== undefined) {
    const secret = `${field}.proxySecretRef`;
    parsed.username = encodeURIComponent(secrets.text(proxySecretRef.name, USERNAME, secret));
    parsed.password = encodeURIComponent(secrets.text(proxySecretRef.name, PASSWORD, secret));
  }
  return { proxy: parsed.href };
}

function signatureConfig(
  { secretRef: { name } }: { readonly secretRef: { readonly name: string } },
  field: string,
  secrets: IssuerSecrets,
): SignatureProtection {
  return {
    type: 'signature',
    certificatesPem: secrets.text(name, TLS_CERT, `${field}.secretRef`),
    privateKeyPem: secrets.text(name, TLS_KEY, `${field}.secretRef`),
  };
}

function protectionConfig(
  { mac, signature }: CmpSpec['protection'],
  secrets: IssuerSecrets,
): DirectBackendConfig['protection'] {
  if (mac !== undefined) {
    const { name, referenceKey, secretKey } = mac.secretRef;
    const field = 'spec.cmp.protection.mac.secretRef';
    return {
      type: 'mac',
      scheme: mac.algorithm,
      reference: secrets.text(name, referenceKey, field).trim(),
      secret: secrets.octets(name, secretKey, field),
      ...(mac.owf !== undefined && { owf: mac.owf }),
      ...(mac.mac !== undefined && { mac: mac.mac }),
      ...(mac.iterations !== undefined && { iterations: mac.iterations }),
    };
  }
  if (signature !== undefined) return signatureConfig(signature, 'spec.cmp.protection.signature', secrets);
  throw new IssuerProblem('ValidationFailed', 'spec.cmp.protection: give exactly one of mac and signature');
}

function trustPem({ caBundle, caSecretRef }: CmpSpec['trust'], secrets: IssuerSecrets): string {
  if (caSecretRef !== undefined) {
    const pem = secrets.text(caSecretRef.name, caSecretRef.key, 'spec.cmp.trust.caSecretRef');
    assertCertificates(pem, `spec.cmp.trust.caSecretRef (Secret ${caSecretRef.name}, key ${caSecretRef.key})`);
    return pem;
  }
  if (caBundle === undefined)
    throw new IssuerProblem('ValidationFailed', 'spec.cmp.trust: give exactly one of caBundle and caSecretRef');
  assertCertificates(caBundle, 'spec.cmp.trust.caBundle');
  return caBundle;
}

function assertCertificates(pem: string, field: string): void {
  try {
    decodePem(pem, 'CERTIFICATE');
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new IssuerProblem('ValidationFailed', `${field}: ${cause.message}; give CA certificates in PEM`, { cause });
  }
}
