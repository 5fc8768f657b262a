import * as asn1js from 'asn1js';
import {
  Certificate as PkijsCertificate,
  CertificationRequest as PkijsRequest,
  RelativeDistinguishedNames,
} from 'pkijs';
import type { Certificate } from './certificate.js';
import type { CertificationRequest } from './csr.js';
import { PkiError } from './error.js';
import type { Name } from './name.js';

// pkijs objects are made on demand: reading one takes about a millisecond, which the hot path does not have, and the
// library takes memory, which is why index.ts does not offer this: whoever wants it imports this file. What comes here
// went through the strict reader before, so the lenient one of asn1js meets nothing that could be read two ways.

/** The certificate as a pkijs object, which re-encodes when written: pass on `certificate.der` instead. */
export function toPkijsCertificate(certificate: Certificate): PkijsCertificate {
  return PkijsCertificate.fromBER(certificate.der);
}

export function toPkijsRequest(request: CertificationRequest): PkijsRequest {
  return PkijsRequest.fromBER(request.der);
}

/** A name as a pkijs object, e.g. for certificates that we issue. */
export function toPkijsName(name: Name): RelativeDistinguishedNames {
  const { result, offset } = asn1js.fromBER(name);
  if (offset < 0) throw new PkiError('DerInvalid', `name: ${result.error}`);
  return new RelativeDistinguishedNames({ schema: result });
}
