import type { KeyObject } from 'node:crypto';
import { referenceName } from '../../cmp/protection/index.js';
import {
  basicConstraintsExtension,
  type Extensions,
  extendedKeyUsageExtension,
  isNullName,
  type KeyUsageBit,
  keyUsageExtension,
  type Name,
  OID,
  subjectKeyIdentifierOf,
} from '../../pki/index.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Identity } from './authority.js';
import type { Behaviour } from './behaviour.js';
import { asCritical, authorityKeyIdentifier, subjectKeyIdentifier, withDnsName } from './extension.js';
import type { Hierarchy } from './hierarchy.js';
import { type CertificateContents, signCertificate } from './leaf-certificate.js';
import { RequestRefused } from './refusal.js';
import { randomSerial } from './serial.js';

/** What somebody asks to have certified, be it in a CertTemplate or in a CSR, once the proof of possession is given. */
export interface CertificateRequest {
  readonly subject: Name;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly publicKey: KeyObject;
  readonly extensions: Extensions;
  readonly notBefore: Date | undefined;
  readonly notAfter: Date | undefined;
}

export interface IssuedCertificate {
  readonly der: Uint8Array;
  /** Lower-case hex. */
  readonly serial: string;
  /** Whether the certificate differs from the request in a way that grantedWithMods has to announce. */
  readonly modified: boolean;
  readonly issuer: Identity;
}

export interface IssuingPolicy {
  readonly defaultValidityDays: number;
  readonly maximumValidityDays: number;
}

const DAY = 86_400_000;
/** Clocks of clients are often a little behind: notBefore lies so much before the moment of issuing. */
const BACKDATE = 60_000;

/** Extensions a client may decide on. Everything else, above all what makes a CA, is the CA's own business. */
const COPIED: ReadonlySet<string> = new Set([
  OID.subjectAltName,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.certificatePolicies,
  '1.3.6.1.5.5.7.1.24', // TLS feature, RFC 7633
]);

const NO_CA = basicConstraintsExtension(false);
const SERVER_AND_CLIENT = extendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
const CA_USAGES: readonly KeyUsageBit[] = ['keyCertSign', 'cRLSign'];

/** Makes the certificate: as asked where that is harmless, and spoilt where the behaviour says so. Throws RequestRefused. */
export async function issueCertificate(
  request: CertificateRequest,
  behaviour: Behaviour,
  hierarchy: Hierarchy,
  policy: IssuingPolicy,
  now: Date,
  random: Random,
): Promise<IssuedCertificate> {
  const issuer =
    behaviour.certificate === 'untrustedIssuer' ? (await hierarchy.untrusted()).issuing : hierarchy.issuing;
  const validity = grantedValidity(request, policy, now);
  const granted = grantedExtensions(request, behaviour.addDnsName);
  const serial = Buffer.from(randomSerial(random)).toString('hex');
  const right: CertificateContents = {
    serialNumber: BigInt(`0x${serial}`),
    validity: validity.granted,
    subject: request.subject,
    subjectPublicKeyInfo: request.publicKeyInfo,
    extensions: [
      NO_CA,
      ...granted.extensions,
      subjectKeyIdentifier(subjectKeyIdentifierOf(request.publicKeyInfo)),
      authorityKeyIdentifier(issuer.keyIdentifier),
    ],
  };
  const der = await signCertificate(spoilt(right, behaviour, hierarchy, now), issuer);
  if (behaviour.certificate === 'badSignature') der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
  return { der, serial, modified: validity.modified || granted.modified, issuer };
}

function grantedValidity(request: CertificateRequest, policy: IssuingPolicy, now: Date) {
  const whole = Math.floor(now.getTime() / 1000) * 1000;
  const earliest = whole - BACKDATE;
  const latest = whole + policy.maximumValidityDays * DAY;
  const notBefore = Math.max(request.notBefore?.getTime() ?? earliest, earliest);
  const notAfter = Math.min(request.notAfter?.getTime() ?? whole + policy.defaultValidityDays * DAY, latest);
  if (notAfter <= notBefore)
    throw new RequestRefused('badCertTemplate', 'the requested validity ends before it begins');
  const differs = (asked: Date | undefined, given: number) => asked !== undefined && asked.getTime() !== given;
  return {
    granted: { notBefore: new Date(notBefore), notAfter: new Date(notAfter) },
    modified: differs(request.notBefore, notBefore) || differs(request.notAfter, notAfter),
  };
}

function grantedExtensions(request: CertificateRequest, addDnsName: string | undefined) {
  const asked = request.extensions;
  const granted = new Map<string, Uint8Array>();
  let modified = asked.basicConstraints?.ca === true;
  for (const { oid, der } of asked.list) {
    if (COPIED.has(oid)) granted.set(oid, der);
    else if (oid !== OID.basicConstraints) modified = true;
  }
  const usages = [...(asked.keyUsage ?? [])];
  const harmless = usages.filter((usage) => !CA_USAGES.includes(usage));
  if (harmless.length < usages.length) modified = true;
  if (harmless.length < usages.length || usages.length === 0) {
    const usual: KeyUsageBit[] =
      request.publicKey.asymmetricKeyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
    granted.set(OID.keyUsage, keyUsageExtension(harmless.length > 0 ? harmless : usual));
  }
  if (!granted.has(OID.extendedKeyUsage)) granted.set(OID.extendedKeyUsage, SERVER_AND_CLIENT);

  const names = asked.find(OID.subjectAltName);
  if (isNullName(request.subject)) {
    if (names === undefined) throw new RequestRefused('badCertTemplate', 'neither subject nor subjectAltName is given');
    // RFC 5280 section 4.1.2.6.
    granted.set(OID.subjectAltName, asCritical(names));
  }
  if (addDnsName !== undefined) {
    modified = true;
    granted.set(OID.subjectAltName, withDnsName(names, addDnsName));
  }
  return { extensions: [...granted.values()], modified };
}

function spoilt(
  right: CertificateContents,
  behaviour: Behaviour,
  hierarchy: Hierarchy,
  now: Date,
): CertificateContents {
  const fault = behaviour.certificate;
  switch (fault) {
    case undefined:
    case 'untrustedIssuer':
    case 'badSignature':
      return right;
    case 'wrongKey':
      return { ...right, subjectPublicKeyInfo: hierarchy.secondRoot.publicKeyInfo };
    case 'wrongSubject':
      return { ...right, subject: referenceName('somebody else').value };
    case 'expired':
      return { ...right, validity: { notBefore: daysFrom(now, -2), notAfter: daysFrom(now, -1) } };
    case 'notYetValid':
      return { ...right, validity: { notBefore: daysFrom(now, 1), notAfter: daysFrom(now, 91) } };
    case 'certificateAuthority': {
      const kept = right.extensions.filter((der) => der !== NO_CA);
      return { ...right, extensions: [basicConstraintsExtension(true), ...kept] };
    }
    default:
      return unreachable(fault);
  }
}

const daysFrom = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY);
