import {
  boolean,
  type Codec,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  opaque,
  optional,
  sequence,
  sequenceOf,
  TAG,
  type TypeOf,
} from '../asn1/index.js';
import { PkiError } from './error.js';
import { type GeneralName, parseGeneralNames } from './general-name.js';
import { KEY_USAGE_BITS, type KeyUsageBit } from './key-usage.js';
import { OID } from './oid.js';
import { decodeObject, type ExtensionsSyntax } from './schema.js';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER inside the extnValue OCTET STRING. */
  readonly value: Uint8Array;
  /** The whole Extension as received. */
  readonly der: Uint8Array;
}

/** RFC 5280 section 4.2.1.9. Some CAs write an explicit FALSE. */
export const BasicConstraints = sequence('BasicConstraints', {
  cA: optional(boolean),
  pathLenConstraint: optional(integer),
});

/** RFC 5280 section 4.2.1.1. */
const AuthorityKeyIdentifier = sequence('AuthorityKeyIdentifier', {
  keyIdentifier: optional(implicit(0, octetString)),
  authorityCertIssuer: optional(implicit(1, opaque('GeneralNames'))),
  authorityCertSerialNumber: optional(implicit(2, opaque('CertificateSerialNumber', TAG.integer))),
});

const ExtKeyUsage = sequenceOf(oid, { min: 1 });

/** Bits that have no name are left out. */
function keyUsageOf(bits: readonly number[]): ReadonlySet<KeyUsageBit> {
  const named = new Set<KeyUsageBit>();
  for (const bit of bits) {
    const name = KEY_USAGE_BITS[bit];
    if (name !== undefined) named.add(name);
  }
  return named;
}

export interface BasicConstraintsValue {
  readonly ca: boolean;
  readonly pathLength?: number;
}

/**
 * The extensions of a certificate or of a request. Those that decide about trust and use are read at once, so that a
 * malformed one is an error where the object is parsed; the others are kept as octets.
 */
export class Extensions {
  /** In the order received. */
  readonly list: readonly Extension[];
  /** Undefined when the extension is absent, which allows every use. */
  readonly keyUsage: ReadonlySet<KeyUsageBit> | undefined;
  /** OIDs in the order received; undefined when absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly basicConstraints: BasicConstraintsValue | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** The keyIdentifier alone; issuer and serial are not used to find issuers. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  #subjectAltNames: readonly GeneralName[] | undefined;

  /** Throws PkiError `DerInvalid`; `what` names the owner in the message. */
  constructor(raw: TypeOf<typeof ExtensionsSyntax> | undefined, what: string) {
    this.list = (raw ?? []).map(({ der, value }) => ({
      oid: value.extnID,
      critical: value.critical ?? false,
      value: value.extnValue,
      der,
    }));
    const seen = new Set<string>();
    for (const extension of this.list) {
      // RFC 5280 section 4.2: not more than one instance of an extension.
      if (seen.has(extension.oid))
        throw new PkiError('DerInvalid', `${what}: extension ${extension.oid} appears twice`);
      seen.add(extension.oid);
    }
    const read = <T>(type: string, codec: Codec<T>, name: string): T | undefined => {
      const found = this.find(type);
      return found && decodeObject(codec, found.value, `${what}, extension ${name}`);
    };
    const bits = read(OID.keyUsage, namedBits, 'keyUsage');
    this.keyUsage = bits && keyUsageOf(bits);
    this.extendedKeyUsage = read(OID.extendedKeyUsage, ExtKeyUsage, 'extendedKeyUsage');
    const constraints = read(OID.basicConstraints, BasicConstraints, 'basicConstraints');
    const pathLength = constraints?.pathLenConstraint;
    if (pathLength !== undefined && pathLength < 0) {
      throw new PkiError('DerInvalid', `${what}, extension basicConstraints: a negative pathLenConstraint`);
    }
    this.basicConstraints = constraints && {
      ca: constraints.cA ?? false,
      ...(pathLength === undefined ? {} : { pathLength }),
    };
    this.subjectKeyIdentifier = read(OID.subjectKeyIdentifier, octetString, 'subjectKeyIdentifier');
    this.authorityKeyIdentifier = read(
      OID.authorityKeyIdentifier,
      AuthorityKeyIdentifier,
      'authorityKeyIdentifier',
    )?.keyIdentifier;
  }

  find(type: string): Extension | undefined {
    return this.list.find((extension) => extension.oid === type);
  }

  /** Empty when the extension is absent. Throws PkiError `DerInvalid` when it is malformed. */
  get subjectAltNames(): readonly GeneralName[] {
    this.#subjectAltNames ??= (() => {
      const found = this.find(OID.subjectAltName);
      return found === undefined ? [] : parseGeneralNames(found.value);
    })();
    return this.#subjectAltNames;
  }
}
