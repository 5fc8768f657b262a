import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeDer, encodeDer, octetAlignedBitString, opaque, sequence } from '../../src/asn1/index.js';
import { createCsr, encodePem, encodeSignatureAlgorithm, parseName } from '../../src/pki/index.js';

const Request = sequence('CertificationRequest', {
  info: opaque('CertificationRequestInfo'),
  algorithm: opaque('AlgorithmIdentifier'),
  signature: octetAlignedBitString,
});

/** A CSR as ONAP's client makes them: RSA, signed with SHA-1. */
export async function weakCsr(subject: string): Promise<{ readonly csrPem: string; readonly privateKey: KeyObject }> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { info } = decodeDer(Request, await createCsr({ subject: parseName(subject), extensions: [] }, privateKey));
  const der = encodeDer(Request, {
    info,
    algorithm: encodeSignatureAlgorithm({ scheme: 'rsa-pkcs1', hash: 'sha1' }),
    signature: createSign('sha1').update(info).sign(privateKey),
  });
  return { csrPem: encodePem('CERTIFICATE REQUEST', der), privateKey };
}
