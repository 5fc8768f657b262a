import { DerError, decodeDer, integer, oid } from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import { AlgorithmIdentifier, type AttributeTypeAndValue } from '../../cmp/schema/index.js';
import { OID as PKIX } from '../../pki/index.js';
import { oidName } from './algorithms.js';
import { type Description, hex } from './description.js';

const CURVES = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
  ['1.3.36.3.3.2.8.1.1.7', 'BrainpoolP256r1'],
  ['1.3.36.3.3.2.8.1.1.11', 'BrainpoolP384r1'],
  ['1.3.36.3.3.2.8.1.1.13', 'BrainpoolP512r1'],
]);

const KEYS = new Map<string, string>([
  [PKIX.rsaEncryption, 'RSA'],
  [PKIX.ed25519, 'Ed25519'],
  [PKIX.ed448, 'Ed448'],
]);

/** What a person calls the keys of an AlgorithmIdentifier. Throws DerError. */
export function describeKeyAlgorithm({ algorithm, parameters }: AlgorithmIdentifier): string {
  if (algorithm !== PKIX.ecPublicKey) return KEYS.get(algorithm) ?? oidName(algorithm);
  const curve = decodeDer(oid, parameters ?? new Uint8Array());
  return CURVES.get(curve) ?? `EC ${curve}`;
}

/** What a template says about keys (RFC 9810 section 5.3.19.16), e.g. `P-256` or `RSA-3072`. */
export function describeKeySpec({ type, value }: AttributeTypeAndValue): Description {
  try {
    if (type === OID.algId) return describeKeyAlgorithm(decodeDer(AlgorithmIdentifier, value));
    if (type === OID.rsaKeyLen) return `RSA-${decodeDer(integer, value)}`;
    return { type: oidName(type), value: hex(value) };
  } catch (error) {
    if (error instanceof DerError) return { type: oidName(type), unreadable: error.message };
    throw error;
  }
}
