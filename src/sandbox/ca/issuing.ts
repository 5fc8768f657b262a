import type { KeyObject } from 'node:crypto';
import { any, encodeDer, sequenceOf } from '../../asn1/index.js';
import { referenceName } from '../../cmp/protection/pbm.js';
import type { PKIFailureInfoName } from '../../cmp/schema/index.js';
import { OID } from '../../pki/oid.js';
import { keyObjection, publicKeyFromSpki, subjectKeyIdentifierOf } from '../../pki/spki.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Identity } from './authority.js';
import type { Behaviour } from './behaviour.js';
import {
  asCritical,
  asksForCa,
  authorityKeyIdentifier,
  basicConstraints,
  type Extension,
  extendedKeyUsage,
  KEY_USAGE,
  keyUsage,
  readKeyUsage,
  subjectKeyIdentifier,
  withDnsName,
} from './extension.js';
import type { Hierarchy } from './hierarchy.js';
import { type CertificateContents, signCertificate } from './leaf-certificate.js';
import { randomSerial } from './serial.js';

/** What somebody asks to have certified, be it from a CertTemplate or from a CSR. */
export interface CertificateRequest {
  /** DER Name. */
  readonly subject: Uint8Array;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly extensions: readonly Extension[];
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

/** The CA says no to this request, and why. */
export class RequestRefused extends Error {
  readonly failInfo: PKIFailureInfoName;

  constructor(failInfo: PKIFailureInfoName, message: string) {
    super(message);
    this.name = 'RequestRefused';
    this.failInfo = failInfo;
  }
}

export interface IssuingPolicy {
  readonly defaultValidityDays: number;
  readonly maximumValidityDays: number;
}

const DAY = 86_400_000;
/** Clocks of clients are often a little behind; as little as this may lie before the moment of issuing. */
const BACKDATE = 60_000;

const EMPTY_NAME = encodeDer(sequenceOf(any), []);

/** Extensions a client may decide on. Everything else, above all what makes a CA, is the CA's own business. */
const COPIED: ReadonlySet<string> = new Set([
  OID.subjectAltName,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.certificatePolicies,
  '1.3.6.1.5.5.7.1.24', // TLS feature, RFC 7633
]);

const SERVER_AND_CLIENT = extendedKeyUsage(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);

/** The key of a SubjectPublicKeyInfo, if it is one the CA certifies. Throws RequestRefused. */
export function acceptableKey(publicKeyInfo: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = publicKeyFromSpki(publicKeyInfo);
  } catch {
    throw new RequestRefused('badCertTemplate', 'the public key cannot be read');
  }
  const objection = keyObjection(key);
  if (objection !== undefined) throw new RequestRefused('badAlg', objection);
  return key;
}

/** Makes the certificate: as asked where that is harmless, and spoilt where the behaviour says so. Throws RequestRefused. */
export async function issueCertificate(
  request: CertificateRequest,
  key: KeyObject,
  behaviour: Behaviour,
  hierarchy: Hierarchy,
  policy: IssuingPolicy,
  now: Date,
  random: Random,
): Promise<IssuedCertificate> {
  const issuer =
    behaviour.certificate === 'untrustedIssuer' ? (await hierarchy.untrusted()).issuing : hierarchy.issuing;
  const validity = grantedValidity(request, policy, now);
  const granted = grantedExtensions(request, key, behaviour.addDnsName);
  const serial = Buffer.from(randomSerial(random)).toString('hex');
  const right: CertificateContents = {
    serialNumber: BigInt(`0x${serial}`),
    validity: validity.granted,
    subject: request.subject,
    subjectPublicKeyInfo: request.publicKeyInfo,
    extensions: [
      basicConstraints(false),
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
  return {
    granted: { notBefore: new Date(notBefore), notAfter: new Date(notAfter) },
    modified:
      notBefore !== (request.notBefore?.getTime() ?? notBefore) ||
      notAfter !== (request.notAfter?.getTime() ?? notAfter),
  };
}

function grantedExtensions(request: CertificateRequest, key: KeyObject, addDnsName: string | undefined) {
  const extensions = new Map<string, Extension>();
  let modified = false;
  for (const extension of request.extensions) {
    if (COPIED.has(extension.value.extnID)) extensions.set(extension.value.extnID, extension);
    else if (extension.value.extnID === OID.basicConstraints) modified ||= asksForCa(extension);
    else modified = true;
  }
  const usage = extensions.get(OID.keyUsage);
  if (usage === undefined) {
    const encipherment = key.asymmetricKeyType === 'rsa' ? [KEY_USAGE.keyEncipherment] : [];
    extensions.set(OID.keyUsage, keyUsage([KEY_USAGE.digitalSignature, ...encipherment]));
  } else {
    const asked = readKeyUsage(usage);
    const bits = asked.filter((bit) => bit !== KEY_USAGE.keyCertSign && bit !== KEY_USAGE.cRLSign);
    modified ||= bits.length !== asked.length;
    extensions.set(OID.keyUsage, keyUsage(bits.length === 0 ? [KEY_USAGE.digitalSignature] : bits));
  }
  if (!extensions.has(OID.extendedKeyUsage)) extensions.set(OID.extendedKeyUsage, SERVER_AND_CLIENT);
  if (addDnsName !== undefined) {
    modified = true;
    extensions.set(OID.subjectAltName, withDnsName(extensions.get(OID.subjectAltName), addDnsName));
  }
  if (Buffer.compare(request.subject, EMPTY_NAME) === 0) {
    const names = extensions.get(OID.subjectAltName);
    if (names === undefined) throw new RequestRefused('badCertTemplate', 'neither subject nor subjectAltName is given');
    // RFC 5280 section 4.1.2.6.
    extensions.set(OID.subjectAltName, asCritical(names));
  }
  return { extensions: [...extensions.values()], modified };
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
      const kept = (right.extensions ?? []).filter(
        ({ value }) => value.extnID !== OID.basicConstraints && value.extnID !== OID.keyUsage,
      );
      const usage = keyUsage([KEY_USAGE.digitalSignature, KEY_USAGE.keyCertSign, KEY_USAGE.cRLSign]);
      return { ...right, extensions: [basicConstraints(true), usage, ...kept] };
    }
    default:
      return unreachable(fault);
  }
}

const daysFrom = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY);
