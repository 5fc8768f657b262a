import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as asn1js from 'asn1js';
import { LRUCache } from 'lru-cache';
import {
  type AlgorithmIdentifier,
  BasicConstraints,
  CertificationRequest,
  Extensions,
  ExtKeyUsage,
  RSASSAPSSParams,
} from 'pkijs';
import { KEY_USAGE_BITS, type KeyUsageBit } from '../../../pki/key-usage.js';

// Reads with pkijs, not with the reader under test: this side plays cert-manager, which has its own.

/** What the webhook looks at in a CSR whose own signature is good. */
export interface CheckedCsr {
  /** Set bits of the KeyUsage extension; undefined when there is none. */
  readonly keyUsage: ReadonlySet<KeyUsageBit> | undefined;
  /** OIDs of the ExtendedKeyUsage extension, in order; undefined when there is none. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** The cA flag of BasicConstraints; undefined when there is none. */
  readonly isCA: boolean | undefined;
}

const MAX_PEM = 36_500;
const PEM = /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\r?\n?$/;

const HASHES: Readonly<Record<string, string | undefined>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** What Go's crypto/x509 reads, and with it cert-manager. */
const GO_CURVES = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1']);
const RSA_PSS = '1.2.840.113549.1.1.10';
const ED25519 = '1.3.101.112';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

// Load tests send the same request thousands of times; verifying it anew would measure us, not what is under test.
const checked = new LRUCache<string, CheckedCsr>({ max: 500 });

/** Decodes the PEM of a PKCS#10 request and verifies its signature. Throws an Error that says what is wrong. */
export function checkCsr(pem: string): CheckedCsr {
  const known = checked.get(pem) ?? decodeAndVerify(pem);
  checked.set(pem, known);
  return known;
}

function decodeAndVerify(pem: string): CheckedCsr {
  if (pem.length > MAX_PEM) throw new Error(`provided PEM data was larger than the maximum ${MAX_PEM}B`);
  const body = PEM.exec(pem)?.[1];
  if (body === undefined) throw new Error('error decoding certificate request PEM block');
  const der = Buffer.from(body, 'base64');
  let csr: CertificationRequest;
  try {
    csr = CertificationRequest.fromBER(der);
  } catch {
    throw new Error('asn1: structure error: not a certification request');
  }
  if (!isSigned(csr, der)) throw new Error('x509: the signature of the request does not match its public key');
  return contents(csr);
}

function isSigned(csr: CertificationRequest, der: Buffer): boolean {
  // The octets as received: an encoder of ours must not get a say in what was signed.
  const outer = asn1js.fromBER(der).result;
  const info = outer instanceof asn1js.Sequence ? outer.valueBlock.value[0] : undefined;
  if (info === undefined) return false;
  const key = createPublicKey({
    key: Buffer.from(csr.subjectPublicKeyInfo.toSchema().toBER(false)),
    format: 'der',
    type: 'spki',
  });
  if (key.asymmetricKeyType === 'ec' && !GO_CURVES.has(key.asymmetricKeyDetails?.namedCurve ?? '')) {
    throw new Error('x509: unsupported elliptic curve');
  }
  const signature = Buffer.from(csr.signatureValue.valueBlock.valueHexView);
  return verifies(csr.signatureAlgorithm, Buffer.from(info.valueBeforeDecodeView), key, signature);
}

function verifies(algorithm: AlgorithmIdentifier, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  const oid = algorithm.algorithmId;
  if (oid === ED25519) return verify(null, signed, key, signature);
  if (oid === RSA_PSS) {
    const params = new RSASSAPSSParams({ schema: algorithm.algorithmParams });
    const hash = HASHES[params.hashAlgorithm.algorithmId];
    if (hash === undefined) return false;
    // RSA_PKCS1_PSS_PADDING of openssl.
    return verify(hash, signed, { key, padding: 6, saltLength: params.saltLength }, signature);
  }
  const hash = HASHES[oid];
  if (hash === undefined) throw new Error(`x509: cannot verify signature: algorithm ${oid} unimplemented`);
  return verify(hash, signed, key, signature);
}

function contents(csr: CertificationRequest): CheckedCsr {
  const attribute = csr.attributes?.find(({ type }) => type === EXTENSION_REQUEST)?.values[0];
  const extensions = attribute === undefined ? [] : new Extensions({ schema: attribute }).extensions;
  const value = (oid: string) => extensions.find(({ extnID }) => extnID === oid)?.parsedValue;
  const usage: unknown = value('2.5.29.15');
  const extended: unknown = value('2.5.29.37');
  const basic: unknown = value('2.5.29.19');
  return {
    keyUsage: usage instanceof asn1js.BitString ? bits(usage.valueBlock.valueHexView) : undefined,
    extendedKeyUsage: extended instanceof ExtKeyUsage ? extended.keyPurposes : undefined,
    isCA: basic instanceof BasicConstraints ? basic.cA : undefined,
  };
}

function bits(octets: Uint8Array): ReadonlySet<KeyUsageBit> {
  return new Set(KEY_USAGE_BITS.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}
