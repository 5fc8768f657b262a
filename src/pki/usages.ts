import { type Codec, encodeDer, namedBits, oid, sequenceOf } from '../asn1/index.js';
import { PkiError } from './error.js';
import { BasicConstraints } from './extension.js';
import { KEY_USAGE_BITS, type KeyUsageBit } from './key-usage.js';
import { OID } from './oid.js';
import { ExtensionSyntax } from './schema.js';

type Meaning = { readonly bit: KeyUsageBit } | { readonly oid: string };

/** cert-manager's usage names (`spec.usages` of a CertificateRequest) and what they mean in X.509. */
const USAGES = {
  signing: { bit: 'digitalSignature' },
  'digital signature': { bit: 'digitalSignature' },
  'content commitment': { bit: 'contentCommitment' },
  'key encipherment': { bit: 'keyEncipherment' },
  'key agreement': { bit: 'keyAgreement' },
  'data encipherment': { bit: 'dataEncipherment' },
  'cert sign': { bit: 'keyCertSign' },
  'crl sign': { bit: 'cRLSign' },
  'encipher only': { bit: 'encipherOnly' },
  'decipher only': { bit: 'decipherOnly' },
  any: { oid: '2.5.29.37.0' },
  'server auth': { oid: '1.3.6.1.5.5.7.3.1' },
  'client auth': { oid: '1.3.6.1.5.5.7.3.2' },
  'code signing': { oid: '1.3.6.1.5.5.7.3.3' },
  'email protection': { oid: '1.3.6.1.5.5.7.3.4' },
  's/mime': { oid: '1.3.6.1.5.5.7.3.4' },
  'ipsec end system': { oid: '1.3.6.1.5.5.7.3.5' },
  'ipsec tunnel': { oid: '1.3.6.1.5.5.7.3.6' },
  'ipsec user': { oid: '1.3.6.1.5.5.7.3.7' },
  timestamping: { oid: '1.3.6.1.5.5.7.3.8' },
  'ocsp signing': { oid: '1.3.6.1.5.5.7.3.9' },
  'microsoft sgc': { oid: '1.3.6.1.4.1.311.10.3.3' },
  'netscape sgc': { oid: '2.16.840.1.113730.4.1' },
} as const satisfies Readonly<Record<string, Meaning>>;

export type CertManagerUsage = keyof typeof USAGES;
export const CERT_MANAGER_USAGES = Object.keys(USAGES) as readonly CertManagerUsage[];

export interface Usages {
  readonly keyUsage: ReadonlySet<KeyUsageBit>;
  /** OIDs, without repetition, in the order asked. */
  readonly extendedKeyUsage: readonly string[];
}

/** What a list of cert-manager usage names asks for. Throws PkiError `UsageUnknown` for a name that is none of them. */
export function parseUsages(names: readonly string[]): Usages {
  const keyUsage = new Set<KeyUsageBit>();
  const extendedKeyUsage = new Set<string>();
  for (const name of names) {
    if (!Object.hasOwn(USAGES, name)) throw new PkiError('UsageUnknown', `key usage "${name}" is unknown`);
    const meaning: Meaning = USAGES[name as CertManagerUsage];
    if ('bit' in meaning) keyUsage.add(meaning.bit);
    else extendedKeyUsage.add(meaning.oid);
  }
  return { keyUsage, extendedKeyUsage: [...extendedKeyUsage] };
}

const NAME_OF_OID = new Map<string, CertManagerUsage>(
  CERT_MANAGER_USAGES.filter((name) => name !== 's/mime').flatMap((name) => {
    const meaning: Meaning = USAGES[name];
    return 'oid' in meaning ? [[meaning.oid, name] as const] : [];
  }),
);

/** cert-manager's name of an extended key usage, or the OID where it has none. */
export function extendedKeyUsageName(usage: string): string {
  return NAME_OF_OID.get(usage) ?? usage;
}

function extension<T>(extnID: string, critical: boolean, codec: Codec<T>, value: T): Uint8Array {
  return encodeDer(ExtensionSyntax, {
    extnID,
    // DER leaves the DEFAULT FALSE out.
    ...(critical ? { critical } : {}),
    extnValue: encodeDer(codec, value),
  });
}

/** DER of a critical KeyUsage extension; at least one bit (RFC 5280 section 4.2.1.3). */
export function keyUsageExtension(usage: Iterable<KeyUsageBit>): Uint8Array {
  const bits = [...new Set(usage)].map((bit) => KEY_USAGE_BITS.indexOf(bit)).sort((a, b) => a - b);
  if (bits.length === 0) throw new RangeError('a KeyUsage extension needs at least one bit');
  return extension(OID.keyUsage, true, namedBits, bits);
}

/** DER of a non-critical ExtendedKeyUsage extension; at least one OID. */
export function extendedKeyUsageExtension(usages: readonly string[]): Uint8Array {
  return extension(OID.extendedKeyUsage, false, sequenceOf(oid, { min: 1 }), usages);
}

/** DER of a critical BasicConstraints extension. */
export function basicConstraintsExtension(ca: boolean, pathLength?: number): Uint8Array {
  return extension(OID.basicConstraints, true, BasicConstraints, {
    ...(ca ? { cA: true } : {}),
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  });
}
