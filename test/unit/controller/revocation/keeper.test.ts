import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../../src/api/certificate-request.js';
import { type IssuedCertificateRecord, REVOCATION_REASON_ANNOTATION } from '../../../../src/api/issued-certificate.js';
import type { Issuer } from '../../../../src/api/issuer.js';
import type { OwnerReference } from '../../../../src/api/meta.js';
import { Keeper } from '../../../../src/controller/revocation/keeper.js';
import { recordIndexes } from '../../../../src/controller/revocation/record.js';
import type { SigningRequest } from '../../../../src/controller/signing-request.js';
import { IndexedStore } from '../../../../src/kube/store.js';
import { decodeCertificates } from '../../../../src/pki/index.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { condition, issuer, type RequestChanges, request, viewed } from '../objects.js';
import { apiError, ScriptedClient } from '../scripted-client.js';
import { ISSUER_NAME, orphanedRecordObject, pem, recordObject } from './objects.js';

const { signal } = new AbortController();
const chain = decodeCertificates(pem).map(({ der }) => der);
const GROUP = 'CMPv2Issuer/shop/ca';

const OWNER: OwnerReference = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  name: 'web',
  uid: 'certificate-1',
  controller: true,
};
const owned = (changes: RequestChanges = {}): CertificateRequest =>
  request({ ...changes, metadata: { ownerReferences: [OWNER], ...changes.metadata } });
const finished = (changes: RequestChanges = {}): CertificateRequest =>
  owned({
    conditions: [condition('Ready', 'True')],
    status: { certificate: Buffer.from(pem).toString('base64') },
    ...changes,
  });

function harness() {
  const client = new ScriptedClient();
  const requests = new IndexedStore<SigningRequest>();
  const records = new IndexedStore<IssuedCertificateRecord>(recordIndexes);
  const state: { issuer: Issuer | undefined } = { issuer: issuer({ cmp: { revocation: 'OnDelete' } }) };
  const keeper = new Keeper({
    client,
    findIssuer: () => state.issuer,
    requests,
    records,
    clusterResourceNamespace: 'system',
    logger: silentLogger,
  });
  return {
    ...{ client, requests, records, state, keeper },
    keep: (object = owned()) => keeper.keep(object, ISSUER_NAME, chain, signal),
    kept: () => [...client.objects.values()].filter(({ kind }) => kind === 'CMPv2IssuedCertificate'),
    /** Our copy and the API server have it, the former no more than it remembers. */
    store: (object: CertificateRequest) => {
      client.put(object);
      const view = viewed(object);
      requests.set(view);
      return view;
    },
    work: () => keeper.reconcile({ group: GROUP, key: 'shop/web-1' }, signal),
  };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
});

describe('Keeper', () => {
  it('keeps the certificate, whose it is and where it came from, in an object that nobody owns', async () => {
    await t.keep(
      owned({ metadata: { ownerReferences: [OWNER], annotations: { [REVOCATION_REASON_ANNOTATION]: 'superseded' } } }),
    );
    expect(t.kept()).toEqual([
      expect.objectContaining({
        metadata: {
          name: expect.stringMatching(/^uid-1-[0-9a-f]{16}$/),
          namespace: 'shop',
          labels: { 'app.kubernetes.io/managed-by': 'cmpv2-issuer' },
          resourceVersion: expect.any(String),
        },
        spec: {
          issuerRef: { kind: 'CMPv2Issuer', name: 'ca', uid: 'issuer-1' },
          certificateRef: { namespace: 'shop', name: 'web', uid: 'certificate-1' },
          requestRef: { name: 'web-1', uid: 'uid-1' },
          serialNumber: expect.stringMatching(/^[0-9a-f]+$/),
          issuer: 'CN=Lab Issuing CA,O=CMP Lab',
          subject: expect.stringMatching(/^CN=/),
          notAfter: expect.stringMatching(/^\d{4}-/),
          certificate: pem,
          requestReason: 'superseded',
        },
      }),
    ]);
  });

  it('keeps those of a CMPv2ClusterIssuer where its Secrets are', async () => {
    const { namespace: _namespace, ...metadata } = issuer().metadata;
    t.state.issuer = { ...issuer({ cmp: { revocation: 'OnDelete' } }), kind: 'CMPv2ClusterIssuer', metadata };
    await t.keep();
    expect(t.kept()).toMatchObject([
      { metadata: { namespace: 'system' }, spec: { certificateRef: { namespace: 'shop' } } },
    ]);
  });

  it.each<[string, CertificateRequest, Partial<NonNullable<Issuer['spec']['cmp']>>]>([
    ['the issuer does not want it', owned(), { revocation: 'Never' }],
    ['there is no Certificate', request(), { revocation: 'OnDelete' }],
    [
      'the owner is something else',
      request({ metadata: { ownerReferences: [{ ...OWNER, apiVersion: 'example.com/v1' }] } }),
      { revocation: 'OnDelete' },
    ],
  ])('keeps nothing when %s', async (_name, object, cmp) => {
    t.state.issuer = issuer({ cmp });
    await t.keep(object);
    expect(t.client.recordCalls).toEqual([]);
    expect(t.keeper.misses(viewed({ ...object, status: finished().status ?? {} }))).toBe(false);
  });

  it('keeps one record, however often it is told', async () => {
    await t.keep();
    await t.keep();
    expect(t.client.recordCalls).toHaveLength(1);
    // Another process.
    t.keeper.forget(viewed(owned()));
    await t.keep();
    expect(t.kept()).toHaveLength(1);
  });

  it.each([403, 404, 422])('lets a certificate go out unrecorded when the API server says %i', async (code) => {
    t.client.failures.record.push(apiError(code, 'x'));
    await t.keep();
    expect(t.kept()).toEqual([]);
    expect(t.keeper.misses(t.store(finished()))).toBe(true);
  });

  it.each([409, 429, 500])('holds a certificate back when it may work next time (%i)', async (code) => {
    t.client.failures.record.push(apiError(code, 'Conflict'));
    await expect(t.keep()).rejects.toMatchObject({ code });
    await t.keep();
    expect(t.kept()).toHaveLength(1);
  });

  it('makes good for what it could not keep, from the request', async () => {
    expect(t.keeper.misses(t.store(finished()))).toBe(true);
    await t.work();
    expect(t.kept()).toMatchObject([
      { spec: { certificateRef: { name: 'web', uid: 'certificate-1' }, certificate: pem } },
    ]);
    await t.work();
    expect(t.client.recordCalls).toHaveLength(1);
  });

  it('misses nothing that there is a record of', () => {
    t.records.set(recordObject({ requestRef: { name: 'web-1', uid: 'uid-1' } }));
    expect(t.keeper.misses(viewed(finished()))).toBe(false);
  });

  it('misses the certificate of a request of which there is a record of an unused one', () => {
    const requestRef = { kind: 'CertificateRequest', namespace: 'shop', name: 'web-1', uid: 'uid-1' } as const;
    t.records.set(orphanedRecordObject({ requestRef }));
    expect(t.keeper.misses(viewed(finished()))).toBe(true);
  });

  it.each<[string, CertificateRequest]>([
    ['is not finished', owned()],
    ['failed', owned({ conditions: [condition('Ready', 'False', 'Failed')] })],
  ])('misses nothing of a request that %s', (_name, object) => {
    expect(t.keeper.misses(viewed(object))).toBe(false);
  });

  it.each<[string, () => void]>([
    ['went away', () => t.client.remove(finished())],
    ['was made anew', () => t.client.put(finished({ metadata: { ownerReferences: [OWNER], uid: 'uid-2' } }))],
    ['holds nonsense', () => t.client.put(finished({ status: { certificate: 'bm9uc2Vuc2U=' } }))],
  ])('gives up on a request that %s', async (_name, change) => {
    t.store(finished());
    change();
    await t.work();
    expect(t.kept()).toEqual([]);
  });
});
