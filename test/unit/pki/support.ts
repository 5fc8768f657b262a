import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeDer, octetAlignedBitString, tlv } from '../../../src/asn1/index.js';
import {
  Certificate,
  type CertificationRequest,
  decodeCertificates,
  defaultSignatureAlgorithm,
  encodeSignatureAlgorithm,
  parseCsr,
  parseName,
  sign,
  spkiOf,
} from '../../../src/pki/index.js';
import { TBSCertificate } from '../../../src/pki/schema.js';
import { packageRoot } from '../../../src/runtime/package-root.js';

const fixtures = join(packageRoot(), 'fixtures');

export const fixture = (path: string): string => readFileSync(join(fixtures, path), 'utf8');

/** The only certificate in fixtures/pki/NAME.crt. */
export function certificate(name: string): Certificate {
  const [found] = decodeCertificates(fixture(`pki/${name}.crt`));
  if (found === undefined) throw new Error(`fixtures/pki/${name}.crt holds no certificate`);
  return found;
}

export const request = (name: string): CertificationRequest => parseCsr(fixture(`csr/${name}.csr`));

export const ecKeys = (namedCurve = 'P-256'): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve });

const { privateKey: caKey } = ecKeys();

export interface CertificateParts {
  readonly spki?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly version?: number;
  readonly serialNumber?: bigint;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** DER of each Extension. */
  readonly extensions?: readonly Uint8Array[];
  readonly innerAlgorithm?: Uint8Array;
}

/** A certificate put together as asked, signed by some P-256 key. */
export async function makeCertificate(parts: CertificateParts = {}): Promise<Certificate> {
  const algorithm = defaultSignatureAlgorithm(caKey);
  const signatureAlgorithm = encodeSignatureAlgorithm(algorithm);
  const extensions = parts.extensions ?? [];
  const tbs = encodeDer(TBSCertificate, {
    version: parts.version ?? 2,
    serialNumber: parts.serialNumber ?? 1n,
    signature: parts.innerAlgorithm ?? signatureAlgorithm,
    issuer: parts.issuer ?? parseName('CN=Test CA'),
    validity: {
      notBefore: parts.notBefore ?? new Date('2026-01-01T00:00:00Z'),
      notAfter: parts.notAfter ?? new Date('2026-04-01T00:00:00Z'),
    },
    subject: parts.subject ?? parseName('CN=subject'),
    subjectPublicKeyInfo: parts.spki ?? spkiOf(caKey),
    // withRaw writes the octets alone.
    extensions:
      extensions.length === 0 ? undefined : extensions.map((der) => ({ der, value: undefined as unknown as never })),
  });
  const signature = await sign(caKey, algorithm, tbs);
  return Certificate.parse(tlv(0x30, tbs, signatureAlgorithm, encodeDer(octetAlignedBitString, signature)));
}

/** Runs what must throw and gives the error. */
export function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
