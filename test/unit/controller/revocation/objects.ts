import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IssuedCertificateRecord, IssuedCertificateSpec } from '../../../../src/api/issued-certificate.js';
import type { RevocationRecord } from '../../../../src/controller/revocation/record.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { later } from '../objects.js';

export const pem = readFileSync(join(packageRoot(), 'fixtures', 'pki', 'leaf.crt'), 'utf8');

export const ISSUER_NAME = { kind: 'CMPv2Issuer', namespace: 'shop', name: 'ca' } as const;

export const record = (changes: Partial<RevocationRecord> = {}): RevocationRecord => ({
  ref: { namespace: 'shop', name: 'request-1-abcd' },
  issuer: ISSUER_NAME,
  issuerUid: 'issuer-1',
  owner: { namespace: 'shop', name: 'web', uid: 'certificate-1' },
  orphaned: undefined,
  request: 'shop/web-1',
  serial: '0a',
  issuedBy: 'CN=CA',
  subject: 'CN=web',
  notAfter: later(3_600),
  annotation: undefined,
  requestAnnotation: undefined,
  standing: undefined,
  ...changes,
});

export const recordObject = (
  changes: Partial<IssuedCertificateSpec> = {},
  metadata: Partial<IssuedCertificateRecord['metadata']> = {},
): IssuedCertificateRecord => ({
  apiVersion: 'certmanager.onap.org/v1',
  kind: 'CMPv2IssuedCertificate',
  metadata: { namespace: 'shop', name: 'request-1-abcd', uid: 'record-1', resourceVersion: '1', ...metadata },
  spec: {
    issuerRef: { kind: 'CMPv2Issuer', name: 'ca', uid: 'issuer-1' },
    certificateRef: { namespace: 'shop', name: 'web', uid: 'certificate-1' },
    requestRef: { name: 'web-1', uid: 'request-1' },
    serialNumber: '0a',
    issuer: 'CN=CA',
    subject: 'CN=web',
    notAfter: '2030-06-01T00:00:00Z',
    certificate: pem,
    ...changes,
  },
});

/** Of a certificate that nobody ever got. */
export const orphanedRecordObject = (
  changes: Partial<IssuedCertificateSpec> = {},
  metadata: Partial<IssuedCertificateRecord['metadata']> = {},
): IssuedCertificateRecord => {
  const { certificateRef: _, ...spec } = recordObject().spec;
  const requestRef = { kind: 'CertificateRequest', namespace: 'shop', name: 'web-1', uid: 'request-1' } as const;
  const { metadata: meta, ...object } = recordObject({}, metadata);
  return { ...object, metadata: meta, spec: { ...spec, orphaned: 'Undelivered', requestRef, ...changes } };
};
