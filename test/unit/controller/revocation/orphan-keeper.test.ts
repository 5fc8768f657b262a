import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { REVOCATION_REASON_ANNOTATION } from '../../../../src/api/issued-certificate.js';
import type { Issuer } from '../../../../src/api/issuer.js';
import type { IssuerName } from '../../../../src/controller/issuer-key.js';
import { OrphanKeeper, type UnusedCertificate } from '../../../../src/controller/revocation/orphan-keeper.js';
import type { SigningRequest } from '../../../../src/controller/signing-request.js';
import type { LogFields, Logger } from '../../../../src/runtime/logger.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { issuer, type RequestChanges, request, signing, viewed } from '../objects.js';
import { apiError, ScriptedClient } from '../scripted-client.js';
import { pem as foreignPem, ISSUER_NAME, recordObject } from './objects.js';

const { signal } = new AbortController();
const csr = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8');
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A certificate with the key of p256.csr. */
const pem = csr('bad-certificate.csr').trimEnd().concat('\n');
const RECORD = expect.stringMatching(/^uid-1-[0-9a-f]{16}$/);
const CLUSTER_ISSUER: IssuerName = { kind: 'CMPv2ClusterIssuer', name: 'ca' };
const spec = { request: base64(csr('p256.csr')) };
const asked = (changes: RequestChanges = {}): SigningRequest => viewed(request({ spec, ...changes }));

function harness() {
  const client = new ScriptedClient();
  const added: [string, string][] = [];
  const lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = [];
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (fields, message) => void lines.push({ level: 'warn', fields, message }),
    error: (fields, message) => void lines.push({ level: 'error', fields, message }),
    child: () => logger,
  };
  const state: { issuer: Issuer | undefined } = { issuer: issuer({ cmp: { revocation: 'OnDelete' } }) };
  const keeper = new OrphanKeeper(
    { client, findIssuer: () => state.issuer, clusterResourceNamespace: 'system' },
    { add: (group, key) => void added.push([group, key]) },
  );
  return {
    ...{ client, added, lines, state, keeper },
    keep: (unused: Partial<UnusedCertificate> = {}, object = asked(), name: IssuerName = ISSUER_NAME) =>
      keeper.keep({ fate: 'undelivered', certificate: { pem }, ...unused }, object, name, logger),
    work: async () => {
      for (const [group, key] of added) await keeper.reconcile({ group, key }, signal);
    },
    kept: () => [...client.objects.values()].filter(({ kind }) => kind === 'CMPv2IssuedCertificate'),
    byClusterIssuer: () => {
      const { namespace: _namespace, ...metadata } = issuer().metadata;
      state.issuer = { ...issuer({ cmp: { revocation: 'OnDelete' } }), kind: 'CMPv2ClusterIssuer', metadata };
    },
  };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
});

describe('OrphanKeeper', () => {
  it('keeps the certificate, and the request that it was made for, in an object that nobody owns', async () => {
    const annotations = { [REVOCATION_REASON_ANNOTATION]: 'superseded' };
    expect(t.keep({}, asked({ metadata: { annotations } }))).toBe(true);
    await t.work();
    expect(t.kept()).toEqual([
      expect.objectContaining({
        metadata: {
          name: RECORD,
          namespace: 'shop',
          labels: { 'app.kubernetes.io/managed-by': 'cmpv2-issuer' },
          resourceVersion: expect.any(String),
        },
        spec: {
          issuerRef: { kind: 'CMPv2Issuer', name: 'ca', uid: 'issuer-1' },
          orphaned: 'Undelivered',
          requestRef: { kind: 'CertificateRequest', namespace: 'shop', name: 'web-1', uid: 'uid-1' },
          serialNumber: '19c9b04882d42e6b1c140fe26010def0cdc92060',
          issuer: 'CN=not a request',
          subject: 'CN=not a request',
          notAfter: '2126-10-29T12:06:11.000Z',
          certificate: pem,
          requestReason: 'superseded',
        },
      }),
    ]);
  });

  it('keeps what a CMPv2ClusterIssuer got where its Secrets are, also for requests that have no namespace', async () => {
    t.byClusterIssuer();
    t.keep({ fate: 'unknown' }, asked(), CLUSTER_ISSUER);
    t.keep({ fate: 'unknown' }, viewed(signing({ spec })), CLUSTER_ISSUER);
    await t.work();
    expect(t.kept()).toMatchObject([
      { metadata: { namespace: 'system' }, spec: { orphaned: 'Unused', requestRef: { namespace: 'shop' } } },
      {
        metadata: { namespace: 'system' },
        spec: { requestRef: { kind: 'CertificateSigningRequest', name: 'node-1', uid: 'uid-csr' } },
      },
    ]);
  });

  it('keeps the incarnation of the issuer that got it', async () => {
    t.keep({ issuerUid: 'issuer-0' });
    await t.work();
    expect(t.kept()).toMatchObject([{ spec: { issuerRef: { uid: 'issuer-0' } } }]);
  });

  it.each<[string, Partial<UnusedCertificate>, SigningRequest, Issuer | undefined]>([
    ['the issuer does not want it', {}, asked(), issuer({ cmp: { revocation: 'Never' } })],
    ['the issuer is gone', {}, asked(), undefined],
    ['the CA took note of the refusal', { fate: 'rejected' }, asked(), wanting()],
    ['it is only named', { certificate: {} }, asked(), wanting()],
    ['nobody knows whether there is one', { certificate: undefined } as object, asked(), wanting()],
    ['it holds the key of somebody else', { certificate: { pem: foreignPem } }, asked(), wanting()],
    ['the request is not known any more', {}, asked({ spec: { request: '' } }), wanting()],
    ['it cannot be read', { certificate: { pem: 'nonsense' } }, asked(), wanting()],
  ])('keeps nothing when %s', async (_name, unused, object, who) => {
    t.state.issuer = who;
    expect(t.keep(unused, object)).toBe(false);
    await t.work();
    expect([t.added, t.client.recordCalls]).toEqual([[], []]);
  });

  it('says that the key is not the one of the request', () => {
    t.keep({ certificate: { pem: foreignPem } });
    expect(t.lines.map(({ message }) => message)).toEqual([expect.stringMatching(/is not revoked: its key/)]);
  });

  it('takes over the record of a certificate that was to be published, with the reason of its Certificate', async () => {
    t.keep();
    const name = t.added[0]?.[1].split('/')[1] ?? '';
    t.client.put(recordObject({ reason: 'keyCompromise' }, { name }));
    await t.work();
    const [kept] = t.kept();
    expect(kept).toMatchObject({
      spec: { orphaned: 'Undelivered', reason: 'keyCompromise', requestRef: { namespace: 'shop' } },
    });
    expect((kept as unknown as { spec: object }).spec).not.toHaveProperty('certificateRef');
  });

  it.each([409, 429, 500])('tries again when it may work next time (%i)', async (code) => {
    t.client.failures.record.push(apiError(code, 'Conflict'));
    t.keep();
    await expect(t.work()).rejects.toMatchObject({ code });
    await t.work();
    expect(t.kept()).toHaveLength(1);
    await t.work();
    expect(t.client.recordCalls).toHaveLength(1);
  });

  it.each([403, 404, 422])('says what to do when the API server says %i', async (code) => {
    t.client.failures.record.push(apiError(code, 'x'));
    t.keep();
    await t.work();
    expect(t.kept()).toEqual([]);
    expect(t.lines).toEqual([
      expect.objectContaining({
        level: 'error',
        message: expect.stringMatching(/revoke it by hand, bind the role/),
        fields: expect.objectContaining({ serial: '19c9b04882d42e6b1c140fe26010def0cdc92060' }),
      }),
    ]);
  });
});

function wanting(): Issuer {
  return issuer({ cmp: { revocation: 'OnDelete' } });
}
