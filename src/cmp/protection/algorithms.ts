import { OID } from '../../pki/oid.js';
import { OID as CMP_OID } from '../oids.js';

/** One-way functions of PasswordBasedMac, by the names of node:crypto. */
export type OwfName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** Hash functions below HMAC, by the names of node:crypto. */
export type MacName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** MAC-based protections that we do not verify (RFC 9481 section 6): known by name, so that an error can say what the peer uses. */
export const OTHER_MAC_PROTECTIONS: Readonly<Record<string, string>> = {
  [CMP_OID.dhBasedMac]: 'DHBasedMac',
  [CMP_OID.kemBasedMac]: 'KemBasedMac',
};

export const OWF_OID: Readonly<Record<OwfName, string>> = {
  sha1: OID.sha1,
  sha224: OID.sha224,
  sha256: OID.sha256,
  sha384: OID.sha384,
  sha512: OID.sha512,
};

/** For SHA-1 the OID that everybody sends in PBM (RFC 4210 app. D); the PKCS#5 one is accepted as well. */
export const MAC_OID: Readonly<Record<MacName, string>> = {
  sha1: '1.3.6.1.5.5.8.1.2',
  sha224: '1.2.840.113549.2.8',
  sha256: '1.2.840.113549.2.9',
  sha384: '1.2.840.113549.2.10',
  sha512: '1.2.840.113549.2.11',
};

/** HMACs as PKCS#5 and with it PBMAC1 name them (RFC 8018 appendix B.1). */
export const PKCS5_MAC_OID: Readonly<Record<MacName, string>> = { ...MAC_OID, sha1: '1.2.840.113549.2.7' };

/** Octets of each HMAC. */
export const MAC_OCTETS: Readonly<Record<MacName, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

const OWF_BY_OID = new Map(Object.entries(OWF_OID).map(([name, oid]) => [oid, name as OwfName]));
const MAC_BY_OID = new Map([
  ...Object.entries(MAC_OID).map(([name, oid]) => [oid, name as MacName] as const),
  [PKCS5_MAC_OID.sha1, 'sha1'] as const,
]);

export const owfByOid = (oid: string): OwfName | undefined => OWF_BY_OID.get(oid);
export const macByOid = (oid: string): MacName | undefined => MAC_BY_OID.get(oid);
