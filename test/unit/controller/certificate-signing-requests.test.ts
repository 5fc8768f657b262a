import { describe, expect, it } from '@jest/globals';
import type { CertificateSigningRequest } from '../../../src/api/certificate-signing-request.js';
import { viewCertificateSigningRequest } from '../../../src/controller/certificate-signing-requests.js';
import type { RequestNews } from '../../../src/controller/request-news.js';
import { approved, condition, denied, issued, NOW, type SigningChanges, signing, viewed } from './objects.js';

const ours = { kind: 'CMPv2ClusterIssuer', name: 'ca' };
const annotated = (annotations: Record<string, string>, spec: SigningChanges['spec'] = {}) =>
  signing({ spec, metadata: { annotations } });
const DURATION = 'experimental.cert-manager.io/request-duration';
const IS_CA = 'experimental.cert-manager.io/request-is-ca';

describe('a CertificateSigningRequest', () => {
  it.each<[string, CertificateSigningRequest, object]>([
    [
      'in full',
      signing({ spec: { request: 'Q1NS', usages: ['server auth'], expirationSeconds: 3600 } }),
      {
        issuer: ours,
        csrPem: 'CSR',
        usages: ['server auth'],
        durationSeconds: 3600,
        isCA: false,
        state: 'open',
        approval: 'approved',
      },
    ],
    ['without status', { ...signing(), status: {} }, { approval: 'none', state: 'open', conditions: [] }],
    [
      'with an approval that is not True',
      signing({ conditions: [condition('Approved', 'False')] }),
      { approval: 'none' },
    ],
    ['with a duration in its annotation', annotated({ [DURATION]: '1h30m' }), { durationSeconds: 5400 }],
    ['with two durations', annotated({ [DURATION]: '2h' }, { expirationSeconds: 600 }), { durationSeconds: 7200 }],
    ['for a CA', annotated({ [IS_CA]: 'true' }), { isCA: true }],
    ['for no CA', annotated({ [IS_CA]: 'True' }), { isCA: false }],
    ['denied', signing({ conditions: [denied] }), { state: 'closed' }],
    ['failed', signing({ conditions: [approved, condition('Failed', 'True')] }), { state: 'closed' }],
    ['issued', signing({ status: { certificate: 'eA==' } }), { state: 'issued' }],
    ['with an empty certificate', signing({ status: { certificate: '' } }), { state: 'open' }],
    [
      'of a namespaced issuer',
      signing({ signerName: 'cmpv2issuers.certmanager.onap.org/shop.ca' }),
      {
        issuer: { kind: 'CMPv2Issuer', name: 'shop.ca' },
        flaw: { kind: 'unsupportedIssuer', message: expect.stringContaining('name a CMPv2ClusterIssuer') },
      },
    ],
    [
      'for no time',
      annotated({ [DURATION]: 'long' }),
      {
        flaw: { kind: 'invalidDuration', message: expect.stringContaining('"long"') },
      },
    ],
    [
      'for a moment',
      annotated({ [DURATION]: '599s' }, { expirationSeconds: 3600 }),
      {
        flaw: { kind: 'invalidDuration', message: expect.stringContaining('599 s') },
      },
    ],
  ])('%s', (_name, object, view) => {
    expect(viewed(object)).toMatchObject(view);
  });

  it('says nothing of a duration unless asked, and has no flaw', () => {
    expect(viewed(signing())).not.toHaveProperty('durationSeconds');
    expect(viewed(signing())).not.toHaveProperty('flaw');
    expect(viewed(annotated({ [DURATION]: '10m' }))).not.toHaveProperty('flaw');
  });

  it.each([
    'kubernetes.io/kube-apiserver-client',
    'certmanager.onap.org/ca',
    'CMPv2ClusterIssuers.certmanager.onap.org/ca',
    'clusterissuers.cert-manager.io/ca',
    'cmpv2clusterissuers.certmanager.onap.org.example.com/ca',
    'cmpv2clusterissuers.certmanager.onap.org',
  ])('is none of our business when it is for %s', (signerName) =>
    expect(viewed(signing({ signerName })).issuer).toBeUndefined(),
  );

  it('is nothing to work on without a uid', () => {
    const { uid: _, ...metadata } = signing().metadata;
    expect(viewCertificateSigningRequest({ ...signing(), metadata })).toBeUndefined();
  });

  it('leaves nothing but its names once it is finished, and belongs to no Certificate, whatever it says', () => {
    const ownerReferences = [
      { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', name: 'web', uid: 'certificate-1' },
    ];
    const view = viewed(
      signing({ metadata: { ownerReferences }, spec: { request: 'Q1NS' }, status: { certificate: 'eA==' } }),
    );
    expect(view).toMatchObject({ csrPem: '', conditions: [] });
    expect(view.metadata).toEqual({ name: 'node-1', uid: 'uid-csr', resourceVersion: '7' });
  });
});

describe('its answer', () => {
  const answer = (news: RequestNews) => viewed(signing()).resource.status(news, [approved], NOW);

  it('is the chain, leaf first, and no CA', () => {
    const status = answer({ kind: 'issued', outcome: issued });
    expect(Object.keys(status ?? {})).toEqual(['certificate']);
    expect(Buffer.from(Reflect.get(status ?? {}, 'certificate'), 'base64').toString()).toBe(
      '-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nBA==\n-----END CERTIFICATE-----\n',
    );
  });

  it('is a condition Failed, whose times are the business of the API server', () =>
    expect(answer({ kind: 'failed', reason: 'InvalidDuration', message: 'x'.repeat(5000) })).toEqual({
      conditions: [
        { type: 'Failed', status: 'True', reason: 'InvalidDuration', message: expect.stringMatching(/^x{897}\.\.\.$/) },
      ],
    }));

  it.each<RequestNews>([
    { kind: 'pending', message: 'later' },
    { kind: 'denied', message: 'no' },
  ])('has no place for news of the kind $kind', (news) => expect(answer(news)).toBeUndefined());
});
