import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { spkiOf, subjectKeyIdentifierOf } from '../../pki/spki.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import { generateKey, type KeyKind } from './key-kind.js';
import { signCertificate } from './leaf-certificate.js';
import { randomSerial } from './serial.js';

/** Attribute types and values in the order of the encoding (most significant first), e.g. `[['O', 'Lab'], ['CN', 'Root']]`. */
export type NameParts = readonly (readonly ['O' | 'CN', string])[];

/** A certificate together with its private key. */
export interface Identity {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
  readonly keys: KeyKind;
  /** DER of the subject. */
  readonly name: Uint8Array;
  readonly nameParts: NameParts;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly keyIdentifier: Uint8Array;
  /** The issuer, undefined for a self-signed root. */
  readonly issuer: Identity | undefined;
}

type IdentityProfile = 'rootCa' | 'issuingCa' | 'cmpSigner' | 'client' | 'tlsServer';

export interface IdentityRequest {
  readonly name: NameParts;
  readonly profile: IdentityProfile;
  readonly keys: KeyKind;
  /** Absent for a root. */
  readonly issuer?: Identity;
  /** dNSNames and IP addresses, for `tlsServer`. */
  readonly hosts?: readonly string[];
  readonly now: Date;
  readonly random: Random;
}

const DAY = 86_400_000;

/** Generates a key and has a certificate made for it: for everything but the certificates that clients ask for. */
export async function createIdentity(request: IdentityRequest): Promise<Identity> {
  const { name: nameParts, keys, issuer, now, random } = request;
  const privateKey = await generateKey(keys);
  const publicKeyInfo = spkiOf(privateKey);
  const keyIdentifier = subjectKeyIdentifierOf(publicKeyInfo);
  const name = distinguishedName(nameParts);
  const whole = Math.floor(now.getTime() / 1000) * 1000;
  const certificate = await signCertificate(
    {
      serialNumber: BigInt(`0x${Buffer.from(randomSerial(random)).toString('hex')}`),
      validity: { notBefore: new Date(whole - DAY), notAfter: new Date(whole + 3650 * DAY) },
      subject: name,
      subjectPublicKeyInfo: publicKeyInfo,
      extensions: extensions(request, keyIdentifier).map((one) => new Uint8Array(one.toSchema().toBER())),
    },
    issuer ?? { name, privateKey },
  );
  return { certificate, privateKey, keys, name, nameParts, publicKeyInfo, keyIdentifier, issuer };
}

/** The issuers above an identity, nearest first, without the root. */
export function intermediatesAbove(identity: Identity): Identity[] {
  const found: Identity[] = [];
  for (let next = identity.issuer; next?.issuer !== undefined; next = next.issuer) found.push(next);
  return found;
}

/** RFC 4514 text. Values are the sandbox's own and need no escaping. */
export const rfc4514 = (name: NameParts): string =>
  [...name]
    .reverse()
    .map((part) => part.join('='))
    .join(',');

/** The notation of the openssl command line. */
export const slashed = (name: NameParts): string => name.map((part) => `/${part.join('=')}`).join('');

function distinguishedName(parts: NameParts): Uint8Array {
  const types = { O: '2.5.4.10', CN: '2.5.4.3' };
  const rdns = parts.map(([type, value]) => {
    const attribute = [new asn1js.ObjectIdentifier({ value: types[type] }), new asn1js.Utf8String({ value })];
    return new asn1js.Set({ value: [new asn1js.Sequence({ value: attribute })] });
  });
  return new Uint8Array(new asn1js.Sequence({ value: rdns }).toBER());
}

function extensions(request: IdentityRequest, keyIdentifier: Uint8Array): pkijs.Extension[] {
  const list = [
    ...usage(request),
    extension('2.5.29.14', false, new asn1js.OctetString({ valueHex: toBuffer(keyIdentifier) })),
  ];
  if (request.issuer !== undefined) {
    const authority = new pkijs.AuthorityKeyIdentifier({
      keyIdentifier: new asn1js.OctetString({ valueHex: toBuffer(request.issuer.keyIdentifier) }),
    });
    list.push(extension('2.5.29.35', false, authority.toSchema()));
  }
  return list;
}

function usage(request: IdentityRequest): pkijs.Extension[] {
  switch (request.profile) {
    case 'rootCa':
      return [basicConstraints({ cA: true }), keyUsage('keyCertSign', 'cRLSign')];
    case 'issuingCa':
      return [basicConstraints({ cA: true, pathLenConstraint: 0 }), keyUsage('keyCertSign', 'cRLSign')];
    case 'cmpSigner':
      return [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.27')];
    case 'client':
      return [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.28')];
    case 'tlsServer':
      return [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.1'), subjectAltName(request.hosts ?? [])];
    default:
      return unreachable(request.profile);
  }
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER() });
}

const basicConstraints = (value: { cA: true; pathLenConstraint?: number }) =>
  extension('2.5.29.19', true, new pkijs.BasicConstraints(value).toSchema());

const extendedKeyUsage = (...keyPurposes: string[]) =>
  extension('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes }).toSchema());

/** Octet and unused bits of the named-bit string, minimal as DER wants it (RFC 5280 section 4.2.1.3). */
const KEY_USAGE = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 };

function keyUsage(...usages: (keyof typeof KEY_USAGE)[]): pkijs.Extension {
  const octet = usages.reduce((bits, name) => bits | KEY_USAGE[name], 0);
  const unusedBits = 31 - Math.clz32(octet & -octet);
  return extension('2.5.29.15', true, new asn1js.BitString({ valueHex: toBuffer(Uint8Array.of(octet)), unusedBits }));
}

function subjectAltName(hosts: readonly string[]): pkijs.Extension {
  const altNames = hosts.map((host) =>
    isIP(host) === 4
      ? new pkijs.GeneralName({
          type: 7,
          value: new asn1js.OctetString({ valueHex: toBuffer(Uint8Array.from(host.split('.'), Number)) }),
        })
      : new pkijs.GeneralName({ type: 2, value: host }),
  );
  return extension('2.5.29.17', false, new pkijs.AltName({ altNames }).toSchema());
}

function toBuffer(octets: Uint8Array): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}
