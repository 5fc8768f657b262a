import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DirectBackendConfig, SignatureProtection } from '../../../src/enrollment/direct-config.js';
import type { EnrollmentRequest } from '../../../src/enrollment/enroller.js';
import { text } from '../../unit/cmp/support/fixture.js';
import type { Lab } from './lab.js';
import { REFERENCE, SECRET } from './openssl-server.js';

/** A request for the CSR `new` of the fixtures. */
export const request: EnrollmentRequest = {
  id: 'b6a7c9f0-0000-4000-8000-000000000001',
  csrPem: text('new.csr'),
  usages: ['digital signature', 'server auth', 'client auth'],
  isCA: false,
  privateKey: async () => createPrivateKey(text('new.key')),
};

export type Mac = Extract<DirectBackendConfig['protection'], { type: 'mac' }>;

export const mac = (change: Partial<Mac> = {}): Mac => ({
  type: 'mac',
  reference: REFERENCE,
  secret: Buffer.from(SECRET),
  ...change,
});

/** Protection by a client of the lab. */
export const signedBy = (lab: Lab, name: string): SignatureProtection => ({
  type: 'signature',
  certificatesPem: readFileSync(lab.file(`${name}.pem`), 'utf8'),
  privateKeyPem: readFileSync(lab.file(`${name}.key`), 'utf8'),
});

/** The direct backend's configuration for a server with the lab's certificates. */
export const configFor = (lab: Lab, url: string, change: Partial<DirectBackendConfig> = {}): DirectBackendConfig => ({
  endpoints: [{ url }],
  recipient: lab.caName,
  enrollment: 'IR',
  proofOfPossession: 'RAVerified',
  confirmation: 'Explicit',
  protection: mac(),
  trustPem: readFileSync(lab.file('root.pem'), 'utf8'),
  responseProtection: 'Strict',
  policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
  caBundle: 'All',
  limits: { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 100_000, maxPollingMs: 60_000 },
  ...change,
});
