import { decodeDer, encodeDer } from '../asn1/index.js';
import {
  basicConstraintsExtension,
  type Certificate,
  defaultSignatureAlgorithm,
  encodeSignatureAlgorithm,
  extendedKeyUsageExtension,
  keyMatches,
  keyUsageExtension,
  parseUsages,
  sign,
} from '../pki/index.js';
import { CmpError } from './error.js';
import { OID } from './oids.js';
import {
  AlgorithmIdentifier,
  type AttributeTypeAndValue,
  CertId,
  CertRequest,
  type CertTemplate,
  type PKIBody,
  type ProofOfPossession,
} from './schema/index.js';
import { csrError, type Wish } from './wish.js';

/** RFC 9483 section 4.1.1: exactly one CertReqMsg, with this certReqId. */
export const CERT_REQ_ID = 0;

export type EnrollmentBody = 'ir' | 'cr' | 'p10cr' | 'kur';
export type ProofKind = 'raVerified' | 'signature';

/** What the CSR asks for, verbatim, and what only the request around it says. The CSR's own extensions always win. */
function wantedExtensions({ csr, usages, isCA }: Wish): Uint8Array[] {
  const { keyUsage, extendedKeyUsage } = parseUsages(usages);
  const asked = csr.extensions;
  const bits = new Set(keyUsage);
  if (isCA) bits.add('keyCertSign');
  const extensions = asked.list.map(({ der }) => der);
  if (asked.keyUsage === undefined && bits.size > 0) extensions.push(keyUsageExtension(bits));
  if (asked.extendedKeyUsage === undefined && extendedKeyUsage.length > 0) {
    extensions.push(extendedKeyUsageExtension(extendedKeyUsage));
  }
  if (asked.basicConstraints === undefined && isCA) extensions.push(basicConstraintsExtension(true));
  return extensions;
}

/**
 * The CertTemplate of a CSR (RFC 9483 section 4.1.1): subject and public key as raw copies. Of the wanted lifetime only
 * notAfter is sent, so that a CA which obeys templates still sets the beginning by its own clock.
 * Throws CmpError `CsrInvalid` for usages that no X.509 extension expresses.
 */
export function certTemplate(wish: Wish, now: Date): CertTemplate {
  const { csr, durationSeconds } = wish;
  let extensions: Uint8Array[];
  try {
    extensions = wantedExtensions(wish);
  } catch (error) {
    throw csrError(error);
  }
  return {
    subject: csr.subject,
    publicKey: csr.spki,
    ...(durationSeconds === undefined ? {} : { validity: { notAfter: lastSecond(now, durationSeconds) } }),
    ...(extensions.length === 0 ? {} : { extensions }),
  };
}

/** notAfter is the last second of validity (RFC 5280 section 4.1.2.5), in whole seconds. */
function lastSecond(now: Date, durationSeconds: number): Date {
  return new Date((Math.floor(now.getTime() / 1000) + Math.floor(durationSeconds) - 1) * 1000);
}

/**
 * POPOSigningKey over the CertRequest (RFC 4211 section 4.1); the template holds subject and key, so poposkInput is
 * absent. Throws CmpError `PrivateKeyMismatch`.
 */
async function proofBySignature(certRequest: CertRequest, { csr, privateKey }: Wish): Promise<ProofOfPossession> {
  const key = await privateKey();
  if (!keyMatches(key, csr.spki)) {
    throw new CmpError({
      code: 'PrivateKeyMismatch',
      message:
        'the private key at hand is not the one of the CSR, so possession cannot be proved; request and key must belong together',
    });
  }
  const algorithm = defaultSignatureAlgorithm(key);
  return {
    type: 'signature',
    value: {
      algorithmIdentifier: decodeDer(AlgorithmIdentifier, encodeSignatureAlgorithm(algorithm)),
      signature: await sign(key, algorithm, encodeDer(CertRequest, certRequest)),
    },
  };
}

/** id-regCtrl-oldCertID (RFC 4211 section 6.5): names the certificate that a kur replaces. */
function oldCertID({ issuer, serialNumber }: Certificate): AttributeTypeAndValue {
  const value = encodeDer(CertId, { issuer: { type: 'directoryName', value: issuer }, serialNumber });
  return { type: OID.oldCertID, value };
}

/** A kur names what it replaces (RFC 9483 section 4.1.3), the others do not. */
function controls(type: EnrollmentBody, { replaces }: Wish): Pick<CertRequest, 'controls'> {
  if (type !== 'kur') return {};
  if (replaces !== undefined) return { controls: [oldCertID(replaces)] };
  throw new CmpError({
    code: 'ConfigurationInvalid',
    message: 'a key update was asked for without the certificate that is to be replaced',
  });
}

/**
 * The body that asks for the certificate. Throws CmpError `CsrInvalid` or `PrivateKeyMismatch`; `ConfigurationInvalid`
 * for a kur that replaces nothing.
 */
export async function enrollmentBody(type: EnrollmentBody, proof: ProofKind, wish: Wish, now: Date): Promise<PKIBody> {
  if (type === 'p10cr') return { type, value: wish.csr.der };
  const certReq: CertRequest = {
    certReqId: CERT_REQ_ID,
    certTemplate: certTemplate(wish, now),
    ...controls(type, wish),
  };
  const popo: ProofOfPossession =
    proof === 'raVerified' ? { type: 'raVerified', value: null } : await proofBySignature(certReq, wish);
  return { type, value: [{ certReq, popo }] };
}
