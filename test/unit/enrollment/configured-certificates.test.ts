import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { BackendConfig } from '../../../src/enrollment/backend-config.js';
import type { CertServiceConfig } from '../../../src/enrollment/certservice-config.js';
import { configuredCertificates } from '../../../src/enrollment/configured-certificates.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import { packageRoot } from '../../../src/runtime/package-root.js';

const pem = (name: string): string => readFileSync(join(packageRoot(), 'fixtures', 'pki', name), 'utf8');

const direct = (change: Partial<DirectBackendConfig> = {}): BackendConfig => ({
  backend: 'cmp',
  config: {
    endpoints: [{ url: 'https://ca.example/' }],
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: { type: 'mac', reference: 'r', secret: Buffer.from('s') },
    trustPem: pem('root.crt'),
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: { connectTimeoutMs: 1, requestTimeoutMs: 1, maxResponseBytes: 1, maxPollingMs: 1 },
    ...change,
  },
});

const found = (backend: BackendConfig) =>
  configuredCertificates(backend).map(({ role, field, subject }) => [role, field, subject]);

const ROOT = 'CN=Lab Root,O=CMP Lab';
const LEAF = pem('leaf.crt') + pem('issuing.crt');

describe('configured certificates', () => {
  it('are the trust anchors', () => {
    expect(found(direct())).toEqual([['trustAnchor', 'trustPem', ROOT]]);
    expect(configuredCertificates(direct())[0]).toMatchObject({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      notAfter: new Date('2126-10-29T12:29:23Z'),
    });
  });

  it('are our own, without their issuers, and the anchors for TLS', () => {
    const signature = { type: 'signature', certificatesPem: LEAF, privateKeyPem: '' } as const;
    const endpoint = { url: 'https://ca.example/', clientCertPem: LEAF, clientKeyPem: '', tlsCaPem: pem('root.crt') };
    expect(found(direct({ protection: signature, nested: signature, endpoints: [endpoint] }))).toEqual([
      ['protection', 'protection.certificatesPem', expect.stringMatching(/^CN=/)],
      ['nested', 'nested.certificatesPem', expect.stringMatching(/^CN=/)],
      ['tlsClient', 'endpoints[0].clientCertPem', expect.stringMatching(/^CN=/)],
      ['tlsTrustAnchor', 'endpoints[0].tlsCaPem', ROOT],
      ['trustAnchor', 'trustPem', ROOT],
    ]);
  });

  it('count once in each role', () => {
    const endpoint = { url: 'https://ca.example/', tlsCaPem: pem('root.crt') };
    expect(found(direct({ endpoints: [endpoint, endpoint], trustPem: pem('root.crt') + pem('root.crt') }))).toEqual([
      ['tlsTrustAnchor', 'endpoints[0].tlsCaPem', ROOT],
      ['trustAnchor', 'trustPem', ROOT],
    ]);
  });

  it('are none where nothing can be read', () => {
    expect(found(direct({ trustPem: 'nonsense' }))).toEqual([]);
  });

  it('of a CertService are the client certificate and the anchors of the service', () => {
    const config = { clientCertPem: LEAF, serverCaPem: pem('root.crt') } as CertServiceConfig;
    expect(found({ backend: 'certservice', config })).toEqual([
      ['tlsClient', 'service.clientCertPem', expect.stringMatching(/^CN=/)],
      ['tlsTrustAnchor', 'service.tlsCaPem', ROOT],
    ]);
  });
});
