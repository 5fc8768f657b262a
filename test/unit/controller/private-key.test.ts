import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/api/meta.js';
import { stagedPrivateKey } from '../../../src/controller/private-key.js';
import type { BackendKind } from '../../../src/enrollment/backend-config.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { request, signing, viewed } from './objects.js';
import { apiError, ScriptedClient } from './scripted-client.js';

const fixture = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8');
const csr = fixture('p256.csr');
const { signal } = new AbortController();
const context = (backend: BackendKind = 'cmp') => ({ client, backend, signal });

const staged = (data: Record<string, string>): KubeObject & { data: Record<string, string> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name: 'web-key' },
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});
const spec = { request: Buffer.from(csr).toString('base64') };
const bare = viewed(request({ spec }));
const annotated = viewed(
  request({ spec, metadata: { annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' } } }),
);

let client: ScriptedClient;
beforeEach(() => {
  client = new ScriptedClient();
});

it("gives the request's own key", async () => {
  client.put(staged({ 'tls.key': fixture('p256.key') }));
  const key = await stagedPrivateKey(context(), annotated);
  expect(key.asymmetricKeyType).toBe('ec');
});

it.each([
  ['no annotation', () => stagedPrivateKey(context(), bare), 'has no annotation'],
  [
    'a CertificateSigningRequest, whatever it says',
    () =>
      stagedPrivateKey(
        context(),
        viewed(signing({ metadata: { annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' } } })),
      ),
    'a CertificateSigningRequest leaves it with whoever made it: .*, or set spec.cmp.proofOfPossession: RAVerified',
  ],
  ['no Secret', () => stagedPrivateKey(context(), annotated), 'Secret shop/web-key .*does not exist'],
  [
    'no permission',
    () => {
      client.failures.get.push(apiError(403, 'Forbidden'));
      return stagedPrivateKey(context(), annotated);
    },
    'grant it get on secrets in namespace shop',
  ],
  [
    'no key in the Secret',
    () => {
      client.put(staged({ other: 'x' }));
      return stagedPrivateKey(context(), annotated);
    },
    'holds no private key under tls.key',
  ],
  [
    'no PEM in the Secret',
    () => {
      client.put(staged({ 'tls.key': 'hush-hush' }));
      return stagedPrivateKey(context(), annotated);
    },
    '^(?!.*hush).*cannot be used',
  ],
])('says what to do without it: %s', async (_name, attempt, message) => {
  await expect(attempt()).rejects.toMatchObject({
    code: 'PrivateKeyUnavailable',
    retry: 'transient',
    message: expect.stringMatching(message),
  });
});

it('refuses a key that is not the one of the CSR', async () => {
  client.put(staged({ 'tls.key': fixture('p384.key') }));
  await expect(stagedPrivateKey(context(), annotated)).rejects.toMatchObject({
    code: 'PrivateKeyMismatch',
    retry: 'request',
  });
});

it.each<[BackendKind, RegExp]>([
  ['cmp', /^proof of possession .*or set spec\.cmp\.proofOfPossession/],
  ['certservice', /^Failed to retrieve private key secret: CertService demands .*or use an issuer with spec\.cmp/],
])('says how to do without the key: %s', async (backend, message) => {
  await expect(stagedPrivateKey(context(backend), bare)).rejects.toMatchObject({
    message: expect.stringMatching(message),
  });
});
