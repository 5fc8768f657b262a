import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeObject, ObjectMeta } from '../../../src/api/meta.js';
import { isRenewal, previousCertificate } from '../../../src/controller/previous-certificate.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { request } from './objects.js';
import { apiError, ScriptedClient } from './scripted-client.js';

const { signal } = new AbortController();
const NAME = 'cert-manager.io/certificate-name';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const owner = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', name: 'web', uid: 'certificate-1' };
const kept = { certificatesPem: 'OLD CERTIFICATE', privateKeyPem: 'OLD KEY' };

const certificate = (uid = 'certificate-1') => ({
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: { namespace: 'shop', name: 'web', uid },
  spec: { secretName: 'web-tls' },
});
const secret = (data: Record<string, string>, namespace = 'shop', name = 'web-tls'): KubeObject & { data: object } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});
const whole = { 'tls.crt': kept.certificatesPem, 'tls.key': kept.privateKeyPem };
const applied = (namespace?: string, kind = 'Certificate') => ({
  [APPLIED]: JSON.stringify({ kind, metadata: { name: 'web', namespace }, spec: { secretName: 'web-tls' } }),
});

let client: ScriptedClient;
beforeEach(() => {
  client = new ScriptedClient();
});
const find = (metadata: Partial<ObjectMeta>) =>
  previousCertificate({ client, logger: silentLogger, signal }, request({ metadata }));

it.each([
  ['1', false],
  ['2', true],
  ['10', true],
  ['0', false],
  ['invalid', false],
  ['2x', false],
  ['', false],
  [undefined, false],
])('revision %s is a renewal: %s', (revision, expected) => {
  const annotations = revision === undefined ? {} : { 'cert-manager.io/certificate-revision': revision };
  expect(isRenewal(request({ metadata: { annotations } }))).toBe(expected);
});

describe('the certificate to be replaced', () => {
  it.each<[string, Partial<ObjectMeta>]>([
    ['through the owner', { ownerReferences: [owner] }],
    ['through the name of the Certificate', { annotations: { [NAME]: 'web' } }],
  ])('is found %s', async (_name, metadata) => {
    client.put(certificate());
    client.put(secret(whole));
    expect(await find(metadata)).toEqual(kept);
  });

  it.each<[string, Partial<ObjectMeta>]>([
    ['without Certificate', { annotations: applied('shop') }],
    ['without namespace in it', { annotations: applied() }],
    ['when the Certificate is gone', { ownerReferences: [owner], annotations: applied('shop') }],
  ])('is found through what kubectl left behind %s', async (_name, metadata) => {
    client.put(secret(whole));
    expect(await find(metadata)).toEqual(kept);
  });

  it.each<[string, Partial<ObjectMeta>]>([
    ['nothing leads to it', {}],
    ['the annotation names another namespace', { annotations: applied('bank') }],
    ['the annotation is of another kind', { annotations: applied('shop', 'Secret') }],
    ['the annotation is no JSON', { annotations: { [APPLIED]: '{' } }],
    ['the Certificate was made anew', { ownerReferences: [{ ...owner, uid: 'certificate-0' }] }],
    ['the owner is no Certificate', { ownerReferences: [{ ...owner, apiVersion: 'example.com/v1' }] }],
    ['the Certificate is not there', { annotations: { [NAME]: 'other' } }],
  ])('is not to be had when %s', async (_name, metadata) => {
    client.put(certificate());
    client.put(secret(whole));
    client.put(secret(whole, 'bank'));
    expect(await find(metadata)).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ['no certificate', { 'tls.key': 'x' }],
    ['no key', { 'tls.crt': 'x' }],
    ['empty ones', { 'tls.crt': '', 'tls.key': '' }],
  ])('is not to be had when its Secret holds %s', async (_name, data) => {
    client.put(certificate());
    client.put(secret(data));
    expect(await find({ ownerReferences: [owner] })).toBeUndefined();
  });

  it('is not to be had when its Secret is gone', async () => {
    client.put(certificate());
    expect(await find({ ownerReferences: [owner] })).toBeUndefined();
  });

  it('is not to be had without permission, which stops no renewal', async () => {
    client.failures.get.push(apiError(403, 'Forbidden'));
    expect(await find({ ownerReferences: [owner] })).toBeUndefined();
  });

  it('is asked for again when the API server cannot tell', async () => {
    client.failures.get.push(apiError(500, 'x'));
    await expect(find({ ownerReferences: [owner] })).rejects.toMatchObject({
      retry: 'transient',
      message: expect.stringMatching(/^Certificate shop\/web.*tried again$/),
    });
  });
});
