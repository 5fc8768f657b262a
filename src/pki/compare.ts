import type { Certificate } from './certificate.js';
import type { CertificationRequest } from './csr.js';
import { type GeneralName, generalNameKey } from './general-name.js';
import { KEY_USAGE_BITS, type KeyUsageBit } from './key-usage.js';
import { formatName, isNullName, nameAttributes, namesEqual } from './name.js';
import { OID } from './oid.js';
import { samePublicKey } from './spki.js';
import { extendedKeyUsageName, parseUsages } from './usages.js';

/** What of a request counts here. */
export type ComparedRequest = Pick<CertificationRequest, 'subject' | 'spki' | 'keyFamily' | 'extensions'>;

/** What was asked for besides the CSR. */
export interface WantedCertificate {
  /** cert-manager usage names; empty means that the CSR alone decides. */
  readonly usages: readonly string[];
  readonly isCA: boolean;
  /** Seconds. */
  readonly durationSeconds?: number;
}

/**
 * What a difference means:
 * - `refuse`: never acceptable (another key, more power than asked).
 * - `modification`: something asked for is missing or replaced; acceptable only if the caller's policy says so.
 * - `note`: harmless or customary, but worth telling.
 */
export type DifferenceSeverity = 'refuse' | 'modification' | 'note';

export interface Difference {
  readonly field:
    | 'publicKey'
    | 'basicConstraints'
    | 'subject'
    | 'subjectAltName'
    | 'keyUsage'
    | 'extendedKeyUsage'
    | 'validity'
    | 'extension';
  readonly severity: DifferenceSeverity;
  /** For a person. */
  readonly text: string;
}

const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';
const COMMON_NAME = '2.5.4.3';

const list = (items: readonly string[]) => items.join(', ');

function commonNames(name: Uint8Array): string[] {
  return nameAttributes(name)
    .flat()
    .flatMap(({ type, text }) => (type === COMMON_NAME && text !== undefined ? [text.toLowerCase()] : []));
}

function* compareBasics(csr: ComparedRequest, certificate: Certificate, wanted: WantedCertificate) {
  if (!samePublicKey(csr.spki, certificate.spki)) {
    yield difference('publicKey', 'refuse', 'the certificate is for another public key than the request');
  }
  if (certificate.isCA && !wanted.isCA) {
    yield difference('basicConstraints', 'refuse', 'the certificate is a CA certificate, which was not asked for');
  }
  if (!certificate.isCA && wanted.isCA) {
    yield difference('basicConstraints', 'modification', 'a CA certificate was asked for, but this one is none');
  }
}

function* compareSubject(csr: ComparedRequest, certificate: Certificate) {
  if (namesEqual(csr.subject, certificate.subject)) return;
  const issued = formatName(certificate.subject);
  if (!isNullName(csr.subject)) {
    yield difference(
      'subject',
      'modification',
      `subject "${formatName(csr.subject)}" was asked for, "${issued}" issued`,
    );
    return;
  }
  // Many CAs insist on a subject and take the common name from the alternative names.
  const asked = new Set(csr.extensions.subjectAltNames.map(({ text }) => text.toLowerCase()));
  const harmless =
    nameAttributes(certificate.subject).flat().length === 1 &&
    commonNames(certificate.subject).some((name) => asked.has(name));
  yield difference('subject', harmless ? 'note' : 'modification', `no subject was asked for, "${issued}" issued`);
}

function* compareAlternativeNames(csr: ComparedRequest, certificate: Certificate) {
  const keyed = (names: readonly GeneralName[]) => new Map(names.map((name) => [generalNameKey(name), name]));
  const asked = keyed(csr.extensions.subjectAltNames);
  const issued = keyed(certificate.extensions.subjectAltNames);
  const readable = (names: readonly GeneralName[]) => list(names.map(({ type, text }) => `${type} ${text}`));
  const missing = [...asked].filter(([key]) => !issued.has(key)).map(([, name]) => name);
  if (missing.length > 0) {
    yield difference('subjectAltName', 'modification', `missing alternative names: ${readable(missing)}`);
  }
  const added = [...issued].filter(([key]) => !asked.has(key)).map(([, name]) => name);
  if (added.length === 0) return;
  // Many CAs repeat the requested common name as a DNS name.
  const requested = new Set(commonNames(csr.subject));
  const repeated = ({ type, text }: GeneralName) => type === 'dns' && requested.has(text.toLowerCase());
  const foreign = added.filter((name) => !repeated(name));
  if (foreign.length > 0) {
    yield difference('subjectAltName', 'modification', `alternative names not asked for: ${readable(foreign)}`);
  } else {
    yield difference('subjectAltName', 'note', `the common name was added as ${readable(added)}`);
  }
}

/** Bits that keys other than RSA cannot use, so that CAs leave them out (RFC 8813 section 3, RFC 8410 section 5). */
const RSA_ONLY: ReadonlySet<KeyUsageBit> = new Set(['keyEncipherment', 'dataEncipherment']);

function* compareKeyUsage(csr: ComparedRequest, certificate: Certificate, wanted: WantedCertificate) {
  const asked = new Set(
    wanted.usages.length > 0 ? parseUsages(wanted.usages).keyUsage : (csr.extensions.keyUsage ?? []),
  );
  if (wanted.isCA) asked.add('keyCertSign');
  const issued = certificate.extensions.keyUsage;
  if (issued === undefined) {
    if (asked.size > 0) {
      yield difference(
        'keyUsage',
        'note',
        'the certificate does not restrict key usage, although usages were asked for',
      );
    }
    return;
  }
  const missing = [...asked].filter((bit) => !issued.has(bit));
  const unusable = missing.filter((bit) => RSA_ONLY.has(bit) && !csr.keyFamily.startsWith('rsa'));
  if (missing.length > unusable.length) {
    yield difference('keyUsage', 'modification', `missing key usages: ${list(missing)}`);
  } else if (missing.length > 0) {
    yield difference(
      'keyUsage',
      'note',
      `key usages left out because this kind of key has no use for them: ${list(missing)}`,
    );
  }
  const added = KEY_USAGE_BITS.filter((bit) => issued.has(bit) && !asked.has(bit));
  const powerful = added.includes('keyCertSign') && !wanted.isCA;
  // Who asked for nothing leaves the choice to the CA.
  if (added.length === 0 || (asked.size === 0 && !powerful)) return;
  yield difference('keyUsage', powerful ? 'refuse' : 'note', `key usages not asked for: ${list(added)}`);
}

function* compareExtendedKeyUsage(csr: ComparedRequest, certificate: Certificate, wanted: WantedCertificate) {
  const asked =
    wanted.usages.length > 0 ? parseUsages(wanted.usages).extendedKeyUsage : (csr.extensions.extendedKeyUsage ?? []);
  const issued = certificate.extensions.extendedKeyUsage;
  const names = (usages: readonly string[]) => list(usages.map(extendedKeyUsageName));
  if (issued === undefined) {
    if (asked.length > 0) {
      yield difference(
        'extendedKeyUsage',
        'note',
        `the certificate is good for any purpose, asked for: ${names(asked)}`,
      );
    }
    return;
  }
  const missing = issued.includes(ANY_EXTENDED_KEY_USAGE) ? [] : asked.filter((usage) => !issued.includes(usage));
  if (missing.length > 0) {
    yield difference('extendedKeyUsage', 'modification', `missing extended key usages: ${names(missing)}`);
  }
  const added = issued.filter((usage) => !asked.includes(usage));
  if (added.length > 0) {
    yield difference('extendedKeyUsage', 'note', `extended key usages not asked for: ${names(added)}`);
  }
}

/** Compared above, or always made by the CA. */
const COMPARED_EXTENSIONS = new Set<string>([
  OID.subjectAltName,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.basicConstraints,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
]);

function* compareExtensions(csr: ComparedRequest, certificate: Certificate) {
  const missing = csr.extensions.list
    .map(({ oid }) => oid)
    .filter((oid) => !COMPARED_EXTENSIONS.has(oid) && certificate.extensions.find(oid) === undefined);
  if (missing.length > 0) {
    yield difference('extension', 'modification', `missing extensions: ${list(missing)}`);
  }
}

function* compareValidity(certificate: Certificate, { durationSeconds: asked }: WantedCertificate) {
  if (asked === undefined) return;
  // The last second counts (RFC 5280 section 4.1.2.5), and CAs like to set the start back a little.
  const issued = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / 1000 + 1;
  if (Math.abs(issued - asked) <= Math.max(3600, asked / 100)) return;
  yield difference('validity', 'note', `asked for ${duration(asked)} of validity, issued ${duration(issued)}`);
}

function duration(seconds: number): string {
  const days = seconds / 86_400;
  return days >= 2 ? `${Math.round(days)} days` : `${(seconds / 3600).toFixed(1)} hours`;
}

function difference(field: Difference['field'], severity: DifferenceSeverity, text: string): Difference {
  return { field, severity, text };
}

/**
 * Everything in which the issued certificate is not what was asked for. CSR, usages and CA flag together are the wish;
 * where the usages say something, they outrank the CSR. Throws PkiError `UsageUnknown`, or `DerInvalid` for malformed
 * names.
 */
export function compareCertificate(
  csr: ComparedRequest,
  certificate: Certificate,
  wanted: WantedCertificate,
): Difference[] {
  return [
    ...compareBasics(csr, certificate, wanted),
    ...compareSubject(csr, certificate),
    ...compareAlternativeNames(csr, certificate),
    ...compareKeyUsage(csr, certificate, wanted),
    ...compareExtendedKeyUsage(csr, certificate, wanted),
    ...compareExtensions(csr, certificate),
    ...compareValidity(certificate, wanted),
  ];
}
