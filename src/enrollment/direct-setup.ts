import {
  CertificateReader,
  type CmpProfile,
  type CmpSession,
  type Credential,
  DEFAULT_PBM_POLICY,
  DEFAULT_PBMAC1_POLICY,
  LEGACY_PBM_POLICY,
  PbmKeys,
  PROFILES,
  type SignatureCredential,
  SignerCache,
} from '../cmp/index.js';
import { type Certificate, decodeCertificates, keyMatches, loadPrivateKey, NULL_DN, parseName } from '../pki/index.js';
import { unreachable } from '../runtime/unreachable.js';
import { answerLimits } from './answer-limits.js';
import type { CmpEndpoint, DirectBackendConfig, MacProtection, SignatureProtection } from './direct-config.js';
import { field, invalid } from './invalid.js';

/** Everything of a CmpSession that the configuration decides. */
export type ConfiguredSession = Omit<CmpSession, 'transport' | 'clock' | 'random' | 'logger' | 'onMessage'>;

function assertMatchingKey(certificateField: string, certificatesPem: string, keyField: string, keyPem: string) {
  const certificates = field(certificateField, () => decodeCertificates(certificatesPem));
  const privateKey = field(keyField, () => loadPrivateKey(keyPem));
  const [certificate, ...issuers] = certificates;
  if (certificate === undefined) throw invalid(certificateField, 'no certificate found');
  if (!keyMatches(privateKey, certificate.spki)) {
    throw invalid(
      keyField,
      `it is not the key of the first certificate ("${certificate.subjectText}"); put that one first`,
    );
  }
  return { certificate, issuers, privateKey };
}

/** Throws EnrollmentError `ConfigurationInvalid` unless connections to the endpoint can be tried. */
export function checkEndpoint(endpoint: CmpEndpoint, name: string): void {
  const { url, tlsCaPem, clientCertPem, clientKeyPem, proxy } = endpoint;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw invalid(`${name}.url`, 'it must be an absolute http or https URL');
  }
  if (parsed.username !== '' || parsed.password !== '') throw invalid(`${name}.url`, 'it must not hold credentials');
  if (proxy !== undefined && !(URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol))) {
    throw invalid(`${name}.proxy`, 'it must be an absolute http or https URL');
  }
  if (tlsCaPem !== undefined) field(`${name}.tlsCaPem`, () => decodeCertificates(tlsCaPem));
  if ((clientCertPem === undefined) !== (clientKeyPem === undefined)) {
    throw invalid(name, 'a TLS client certificate needs its key, and the other way round');
  }
  if (clientCertPem !== undefined && clientKeyPem !== undefined) {
    if (parsed.protocol !== 'https:') throw invalid(`${name}.url`, 'a TLS client certificate needs an https URL');
    assertMatchingKey(`${name}.clientCertPem`, clientCertPem, `${name}.clientKeyPem`, clientKeyPem);
  }
}

const OWF = { SHA1: 'sha1', SHA256: 'sha256', SHA384: 'sha384', SHA512: 'sha512' } as const;
const MAC = { 'HMAC-SHA1': 'sha1', 'HMAC-SHA256': 'sha256', 'HMAC-SHA384': 'sha384', 'HMAC-SHA512': 'sha512' } as const;

/** A key for HMAC-SHA512 out of HMAC-SHA1 takes four blocks, which is as dear as it gets. */
const LARGEST_BLOCKS = 4;

function iterationLimits(scheme: MacProtection['scheme'] = 'PBM', { pbm }: CmpProfile) {
  if (scheme === 'PBM') return { ...DEFAULT_PBM_POLICY, maxIterations: pbm.mostIterations };
  const { minIterations, maxCost } = DEFAULT_PBMAC1_POLICY;
  return { minIterations, maxIterations: Math.floor(maxCost / LARGEST_BLOCKS) };
}

/** The credential for a shared secret. Throws EnrollmentError `ConfigurationInvalid`. */
export function macCredential(protection: MacProtection, profile: CmpProfile = PROFILES.default): Credential {
  const { reference, secret, scheme, owf, mac, iterations = profile.pbm.iterations } = protection;
  const { minIterations, maxIterations } = iterationLimits(scheme, profile);
  if (reference === '') throw invalid('protection.reference', 'it is empty');
  if (secret.length === 0) throw invalid('protection.secret', 'it is empty');
  if (!Number.isInteger(iterations) || iterations < minIterations || iterations > maxIterations) {
    throw invalid('protection.iterations', `it must be between ${minIterations} and ${maxIterations}`);
  }
  return {
    kind: 'mac',
    scheme: scheme === 'PBMAC1' ? 'pbmac1' : 'pbm',
    reference,
    keys: new PbmKeys(secret),
    owf: owf === undefined ? profile.pbm.owf : OWF[owf],
    mac: mac === undefined ? profile.pbm.mac : MAC[mac],
    iterationCount: iterations,
  };
}

/** The credential for a key and its certificate, in a field of this name. Throws EnrollmentError `ConfigurationInvalid`. */
export function signatureCredential(
  { certificatesPem, privateKeyPem }: SignatureProtection,
  name = 'protection',
): SignatureCredential {
  const { certificate, issuers, privateKey } = assertMatchingKey(
    `${name}.certificatesPem`,
    certificatesPem,
    `${name}.privateKeyPem`,
    privateKeyPem,
  );
  if (certificate.extensions.keyUsage?.has('digitalSignature') === false) {
    throw invalid(
      `${name}.certificatesPem`,
      `the key usage of "${certificate.subjectText}" does not allow digitalSignature`,
    );
  }
  // RFC 9483 section 3.3: no self-signed root; the CA has its own.
  return { kind: 'signature', certificate, privateKey, issuers: issuers.filter(({ isSelfSigned }) => !isSelfSigned) };
}

const FINGERPRINT = /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i;

/** `expectedSigner`: a fingerprint, or the certificate itself. */
function signerPin(text: string): NonNullable<CmpSession['expectedSigner']> {
  const compact = text.trim();
  if (FINGERPRINT.test(compact)) return { sha256: compact.replaceAll(':', '').toLowerCase() };
  const [certificate, ...more] = field('expectedSigner', () => decodeCertificates(text));
  if (certificate === undefined || more.length > 0) throw invalid('expectedSigner', 'it must be one certificate');
  return { sha256: certificate.sha256, certificate };
}

function credentialOf(protection: DirectBackendConfig['protection'], profile: CmpProfile): Credential {
  switch (protection.type) {
    case 'mac':
      return macCredential(protection, profile);
    case 'signature':
      return signatureCredential(protection);
    default:
      return unreachable(protection);
  }
}

function anchorsOf(trustPem: string): Certificate[] {
  if (trustPem.trim() === '') {
    throw invalid(
      'trustPem',
      'it is empty; give at least one CA certificate that vouches for the CA and its certificates',
    );
  }
  return field('trustPem', () => decodeCertificates(trustPem));
}

const BODY = { IR: 'ir', CR: 'cr', P10CR: 'p10cr' } as const;

/** Checks the whole configuration and turns it into what the CMP client works with. Throws EnrollmentError `ConfigurationInvalid`. */
export function configuredSession(config: DirectBackendConfig): ConfiguredSession {
  if (config.endpoints.length === 0) throw invalid('endpoints', 'at least one is needed');
  for (const [index, endpoint] of config.endpoints.entries()) checkEndpoint(endpoint, `endpoints[${index}]`);
  const { recipient, protection, certProfile } = config;
  const profile: CmpProfile = PROFILES[config.profile ?? 'default'];
  const limits = answerLimits(config.answerLimits);
  const sha1 = profile.sha1Owf === 'accept' || (protection.type === 'mac' && protection.owf === 'SHA1');
  return {
    profile,
    credential: credentialOf(protection, profile),
    recipient: recipient === undefined ? NULL_DN : field('recipient', () => parseName(recipient)),
    anchors: anchorsOf(config.trustPem),
    enrollment: BODY[config.enrollment],
    proofOfPossession: config.proofOfPossession === 'Signature' ? 'signature' : 'raVerified',
    implicitConfirm: config.confirmation === 'Implicit',
    ...(certProfile === undefined ? {} : { certProfile }),
    responseProtection: config.responseProtection === 'Strict' ? 'strict' : 'allowSignature',
    // Who uses SHA-1 must get answers that use it, too.
    pbmPolicy: { ...(sha1 ? LEGACY_PBM_POLICY : DEFAULT_PBM_POLICY), maxIterations: limits.maxIterations },
    pbmac1Policy: { ...DEFAULT_PBMAC1_POLICY, maxCost: limits.maxPbkdf2Cost },
    limits,
    ...(config.messageTimeToleranceMs !== undefined && { messageTimeWindowMs: config.messageTimeToleranceMs }),
    ignoreKeyUsage: config.ignoreKeyUsage ?? profile.signerKeyUsage === 'ignore',
    ...(config.expectedSigner === undefined ? {} : { expectedSigner: signerPin(config.expectedSigner) }),
    ...(config.nested === undefined ? {} : { envelope: signatureCredential(config.nested, 'nested') }),
    policy: config.policy,
    maxPollingMs: config.limits.maxPollingMs,
    signers: new SignerCache(),
    certificates: new CertificateReader(limits),
  };
}
