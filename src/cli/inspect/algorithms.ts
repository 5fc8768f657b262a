import { DerError, decodeDer, encodeDer } from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import { MAC_OID, OTHER_MAC_PROTECTIONS, OWF_OID } from '../../cmp/protection/index.js';
import { AlgorithmIdentifier, PBKDF2Params, PBMAC1Params, PBMParameter } from '../../cmp/schema/index.js';
import { algorithmName, PkiError, parseSignatureAlgorithm } from '../../pki/index.js';

const title = (name: string): string => name.toUpperCase().replace(/^SHA/, 'SHA-');

const NAMES = new Map<string, string>([
  ...Object.entries(OID).map(([name, oid]) => [oid, name] as const),
  ...Object.entries(OWF_OID).map(([name, oid]) => [oid, title(name)] as const),
  ...Object.entries(MAC_OID).map(([name, oid]) => [oid, `HMAC-${title(name)}`] as const),
  ['1.2.840.113549.2.7', 'HMAC-SHA-1'],
]);

/** The name of an object identifier with its digits, or the digits alone when it has no name here. */
export function oidName(oid: string): string {
  const name = NAMES.get(oid);
  return name === undefined ? oid : `${name} (${oid})`;
}

const shortName = (oid: string): string => NAMES.get(oid) ?? oid;

/** An AlgorithmIdentifier in words, e.g. `PasswordBasedMac: SHA-256, 500 iterations, HMAC-SHA-1, salt of 16 octets`. */
export function describeAlgorithm(identifier: AlgorithmIdentifier): string {
  const { algorithm, parameters } = identifier;
  if (algorithm === OID.passwordBasedMac && parameters !== undefined) {
    try {
      const { salt, owf, iterationCount, mac } = decodeDer(PBMParameter, parameters);
      return `PasswordBasedMac: ${shortName(owf.algorithm)}, ${iterationCount} iterations, ${shortName(mac.algorithm)}, salt of ${salt.length} octets`;
    } catch (error) {
      if (error instanceof DerError) return `PasswordBasedMac with unreadable parameters: ${error.message}`;
      throw error;
    }
  }
  if (algorithm === OID.pbmac1) return describePbmac1(parameters);
  const other = OTHER_MAC_PROTECTIONS[algorithm];
  if (other !== undefined) return other;
  try {
    return algorithmName(parseSignatureAlgorithm(encodeDer(AlgorithmIdentifier, identifier)));
  } catch (error) {
    if (error instanceof PkiError) return oidName(algorithm);
    throw error;
  }
}

/** Whatever PBMAC1 it is, also one that we would not accept. */
function describePbmac1(parameters: Uint8Array = new Uint8Array()): string {
  try {
    const { keyDerivationFunc: kdf, messageAuthScheme } = decodeDer(PBMAC1Params, parameters);
    if (kdf.algorithm !== OID.pbkdf2) return `PBMAC1 with key derivation ${shortName(kdf.algorithm)}`;
    const { salt, iterationCount, keyLength, prf } = decodeDer(PBKDF2Params, kdf.parameters ?? new Uint8Array());
    return `PBMAC1: PBKDF2 with ${prf === undefined ? 'HMAC-SHA-1' : shortName(prf.algorithm)}, ${iterationCount} iterations, key of ${keyLength ?? 'any number of'} octets, ${shortName(messageAuthScheme.algorithm)}, salt of ${salt.length} octets`;
  } catch (error) {
    if (error instanceof DerError) return `PBMAC1 with unreadable parameters: ${error.message}`;
    throw error;
  }
}
