import { describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import { viewCertificateRequest } from '../../../src/controller/certificate-requests.js';
import type { SigningRequest } from '../../../src/controller/signing-request.js';
import { approved, condition, denied, request, viewed } from './objects.js';

describe('a CertificateRequest', () => {
  it.each<[string, CertificateRequest, Partial<SigningRequest>]>([
    [
      'in full',
      request({ spec: { request: 'Q1NS', duration: '2160h0m0s', isCA: true, usages: ['server auth'] } }),
      { csrPem: 'CSR', durationSeconds: 7_776_000, isCA: true, usages: ['server auth'], approval: 'approved' },
    ],
    ['that says nothing', request({ conditions: [] }), { isCA: false, usages: [], approval: 'none', state: 'open' }],
    ['without status', { ...request(), status: {} }, { approval: 'none', state: 'open', conditions: [] }],
    ['denied', request({ conditions: [approved, denied] }), { approval: 'denied', state: 'open' }],
    ['issued', request({ conditions: [condition('Ready', 'True', 'Issued')] }), { state: 'issued' }],
    ['failed', request({ conditions: [condition('Ready', 'False', 'Failed')] }), { state: 'closed' }],
    ['with a certificate of somebody', request({ status: { certificate: 'eA==' } }), { state: 'closed' }],
    [
      'of a cluster issuer',
      request({ issuerRef: { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' } }),
      { issuer: { kind: 'CMPv2ClusterIssuer', name: 'ca' } },
    ],
    ['of an issuer in its namespace', request(), { issuer: { kind: 'CMPv2Issuer', namespace: 'shop', name: 'ca' } }],
    ['of somebody else', request({ issuerRef: { kind: 'CMPv2Issuer', name: 'ca' } }), { issuer: undefined }],
  ])('%s', (_name, object, view) => {
    expect(viewed(object)).toMatchObject(view);
  });

  it('has no duration when it is none', () =>
    expect(viewed(request({ spec: { duration: 'for ever' } }))).not.toHaveProperty('durationSeconds'));

  it('is nothing to work on without a uid', () => {
    const { uid: _, ...metadata } = request().metadata;
    expect(viewCertificateRequest({ ...request(), metadata })).toBeUndefined();
  });

  it('leaves nothing but its names once it is finished', () => {
    const finished = request({
      conditions: [condition('Ready', 'True', 'Issued')],
      metadata: { annotations: { much: 'x'.repeat(1000) } },
      spec: { request: 'Q1NS' },
      status: { certificate: 'eA==' },
    });
    expect(viewed(finished)).toMatchObject({ csrPem: '', conditions: [] });
    expect(viewed(finished).metadata).toEqual({ name: 'web-1', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' });
  });
});
