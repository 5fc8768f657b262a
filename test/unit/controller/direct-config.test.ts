import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Secret } from '../../../src/api/secret.js';
import { directConfig } from '../../../src/controller/direct-config.js';
import { IssuerSecrets, secretNames } from '../../../src/controller/issuer-secrets.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { type CmpSpec, cmpSpec } from './objects.js';

const pem = readFileSync(join(packageRoot(), 'fixtures', 'pki', 'root.crt'), 'utf8');

const contents: Record<string, Record<string, string>> = {
  creds: { reference: ' 3078 \n', secret: 'hush\n' },
  trust: { 'ca.crt': pem },
  ra: { 'tls.crt': 'CERT', 'tls.key': 'KEY' },
  'tls-ca': { bundle: pem },
  proxy: { username: 'me', password: 'p@ss/w:rd' },
};

const secrets = new IssuerSecrets(
  'shop',
  new Map(
    Object.entries(contents).map(([name, values]): [string, Secret] => [
      name,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '9' },
        data: Object.fromEntries(
          Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
        ),
      },
    ]),
  ),
);

const build = (changes: Partial<CmpSpec> = {}) => {
  const cmp = cmpSpec(changes);
  return directConfig({ caBundle: 'All', limits: {}, cmp }, cmp, secrets);
};

const endpoint = (url: string, tls?: CmpSpec['endpoints'][number]['tls']) => ({
  endpoints: [{ url, ...(tls !== undefined && { tls }) }],
});

describe('directConfig', () => {
  it('hands over a shared secret octet for octet and a trimmed reference value', () =>
    expect(build()).toEqual({
      endpoints: [{ url: 'http://ca.example:8080/pkix/' }],
      profile: 'default',
      enrollment: 'IR',
      proofOfPossession: 'RAVerified',
      renewal: 'SameAsEnrollment',
      confirmation: 'Explicit',
      protection: {
        type: 'mac',
        scheme: 'PBM',
        reference: '3078',
        secret: Buffer.from('hush\n'),
        owf: 'SHA256',
        mac: 'HMAC-SHA256',
        iterations: 1000,
      },
      trustPem: pem,
      responseProtection: 'AllowSignature',
      policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
      caBundle: 'All',
      limits: {
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 60_000,
        maxResponseBytes: 1_048_576,
        maxPollingMs: 600_000,
      },
    }));

  it('reads signature protection, TLS identity, TLS trust and an inline bundle', () =>
    expect(
      build({
        protection: { signature: { secretRef: { name: 'ra' } } },
        trust: { caBundle: pem },
        recipient: 'CN=CA',
        ...endpoint('https://ca.example/cmp', {
          caSecretRef: { name: 'tls-ca', key: 'bundle' },
          clientCertSecretRef: { name: 'ra' },
          serverName: 'cmp.example',
        }),
      }),
    ).toMatchObject({
      protection: { type: 'signature', certificatesPem: 'CERT', privateKeyPem: 'KEY' },
      trustPem: pem,
      recipient: 'CN=CA',
      endpoints: [
        {
          url: 'https://ca.example/cmp',
          tlsCaPem: pem,
          clientCertPem: 'CERT',
          clientKeyPem: 'KEY',
          serverName: 'cmp.example',
        },
      ],
    }));

  const [macOf] = [cmpSpec().protection.mac];
  it.each<[string, Partial<CmpSpec>, object]>([
    [
      'PBMAC1',
      { protection: { ...(macOf && { mac: { ...macOf, algorithm: 'PBMAC1' } }) } },
      { protection: { type: 'mac', scheme: 'PBMAC1' } },
    ],
    ['the signer', { expectedSigner: 'ab'.repeat(32) }, { expectedSigner: 'ab'.repeat(32) }],
    ['whose key usage does not matter', { ignoreKeyUsage: false }, { ignoreKeyUsage: false }],
    ['the window for messageTime', { messageTimeToleranceSeconds: 7 }, { messageTimeToleranceMs: 7_000 }],
    ["the CA's profile", { certProfile: 'tls' }, { certProfile: 'tls' }],
    ['limits', { answerLimits: { maxDepth: 40 } }, { answerLimits: { maxDepth: 40 } }],
    [
      'an envelope',
      { nested: { secretRef: { name: 'ra' } } },
      { nested: { type: 'signature', certificatesPem: 'CERT', privateKeyPem: 'KEY' } },
    ],
    [
      'a proxy',
      { endpoints: [{ url: 'http://ca/', proxy: 'http://proxy:3128' }] },
      { endpoints: [{ url: 'http://ca/', proxy: 'http://proxy:3128/' }] },
    ],
    [
      'a proxy and who we are to it',
      { endpoints: [{ url: 'http://ca/', proxy: 'http://proxy', proxySecretRef: { name: 'proxy' } }] },
      { endpoints: [{ url: 'http://ca/', proxy: 'http://me:p%40ss%2Fw%3Ard@proxy/' }] },
    ],
  ])('hands over %s', (_what, changes, expected) => expect(build(changes)).toMatchObject(expected));

  it.each<[string, Partial<CmpSpec>, string, RegExp]>([
    [
      'credentials for no proxy',
      { endpoints: [{ url: 'http://ca/', proxySecretRef: { name: 'proxy' } }] },
      'ValidationFailed',
      /endpoints\[0\].proxySecretRef needs proxy/,
    ],
    [
      'a password in the URL of the proxy',
      { endpoints: [{ url: 'http://ca/', proxy: 'http://u:hush@p/' }] },
      'ValidationFailed',
      /^(?!.*hush).*endpoints\[0\].proxy must be .* without credentials/,
    ],
    [
      'a Secret without a password',
      { endpoints: [{ url: 'http://ca/', proxy: 'http://p/', proxySecretRef: { name: 'creds' } }] },
      'Error',
      /Secret shop\/creds \(spec.cmp.endpoints\[0\].proxySecretRef\) does not contain key username/,
    ],
    [
      'an envelope without a key',
      { nested: { secretRef: { name: 'trust' } } },
      'Error',
      /\(spec.cmp.nested.secretRef\) does not contain key tls.crt/,
    ],
    [
      'a Secret key that is not there',
      { trust: { caSecretRef: { name: 'trust', key: 'root.pem' } } },
      'Error',
      /^Secret shop\/trust \(spec.cmp.trust.caSecretRef\) does not contain key root.pem: /,
    ],
    [
      'credentials in place of certificates',
      { trust: { caSecretRef: { name: 'creds', key: 'secret' } } },
      'ValidationFailed',
      /^(?!.*hush).*spec.cmp.trust.caSecretRef \(Secret creds, key secret\)/,
    ],
    [
      'no certificate in the bundle',
      { trust: { caBundle: 'x' } },
      'ValidationFailed',
      /spec.cmp.trust.caBundle: .*PEM/,
    ],
    ['no trust', { trust: {} }, 'ValidationFailed', /exactly one of caBundle and caSecretRef/],
    ['no protection', { protection: {} }, 'ValidationFailed', /exactly one of mac and signature/],
    [
      'a URL that is none',
      endpoint('http://[x/'),
      'ValidationFailed',
      /endpoints\[0\].url: "http:\/\/\[x\/" is no URL/,
    ],
    ['a password in the URL', endpoint('http://u:p@ca/'), 'ValidationFailed', /must not hold credentials/],
    [
      'TLS settings for http',
      endpoint('http://ca/', { serverName: 'x' }),
      'ValidationFailed',
      /tls needs an https URL/,
    ],
  ])('says what to change: %s', (_name, changes, reason, message) =>
    expect(() => build(changes)).toThrow(expect.objectContaining({ reason, message: expect.stringMatching(message) })),
  );
});

it('names every Secret once', () => {
  const cmp = cmpSpec({
    trust: { caSecretRef: { name: 'creds', key: 'ca.crt' } },
    ...endpoint('https://a/', { clientCertSecretRef: { name: 'client' }, caSecretRef: { name: 'tls-ca', key: 'k' } }),
  });
  expect(secretNames({ caBundle: 'All', limits: {}, cmp })).toEqual(['creds', 'tls-ca', 'client']);
  const more = cmpSpec({
    nested: { secretRef: { name: 'ra' } },
    endpoints: [{ url: 'http://a/', proxy: 'http://p/', proxySecretRef: { name: 'proxy' } }],
  });
  expect(secretNames({ caBundle: 'All', limits: {}, cmp: more })).toEqual(['creds', 'ra', 'trust', 'proxy']);
  expect(secretNames({ caBundle: 'All', limits: {}, url: 'https://x' })).toEqual([]);
});
