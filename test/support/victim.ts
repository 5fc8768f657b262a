import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectEnroller } from '../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../src/enrollment/direct-config.js';
import type { EnrollmentOutcome, EnrollmentRequest } from '../../src/enrollment/enroller.js';
import { systemClock } from '../../src/runtime/clock.js';
import { packageRoot } from '../../src/runtime/package-root.js';
import { systemRandom } from '../../src/runtime/random.js';
import type { ClientCertificate, SandboxCa } from '../../src/sandbox/ca/index.js';

const request: EnrollmentRequest = {
  id: '1',
  csrPem: readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr'), 'utf8'),
  usages: ['digital signature', 'server auth'],
  isCA: false,
  durationSeconds: 30 * 86_400,
  privateKey: () => Promise.reject(new Error('nobody needs the key')),
};

export type Protection = 'MAC' | 'signature';

/** Behaviours that only the client's own patience ends. */
const SLOW = ['slow', 'http-silence', 'http-drip'];

/** The direct backend's configuration for a sandbox CA that behaves as the path says. */
export function victimConfig(
  ca: SandboxCa,
  client: ClientCertificate,
  behaviour: string,
  protection: Protection,
): DirectBackendConfig {
  return {
    endpoints: [{ url: `${ca.url}/cmp/${behaviour}` }],
    recipient: ca.caName,
    enrollment: 'CR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection:
      protection === 'MAC'
        ? {
            type: 'mac',
            reference: ca.credentials.reference,
            secret: Buffer.from(ca.credentials.secret),
            owf: 'SHA256',
            mac: 'HMAC-SHA256',
            iterations: 500,
          }
        : {
            type: 'signature',
            certificatesPem: client.certificatePem + client.chainPem,
            privateKeyPem: client.keyPem,
          },
    trustPem: ca.rootPem,
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: {
      connectTimeoutMs: 5_000,
      requestTimeoutMs: SLOW.includes(behaviour) ? 300 : 10_000,
      maxResponseBytes: 1_000_000,
      maxPollingMs: 60_000,
    },
  };
}

const { signal } = new AbortController();

/** Enrols with the real client over real HTTP, and goes on a few times where the CA wants time. */
export async function enrollWith(config: DirectBackendConfig): Promise<EnrollmentOutcome> {
  const enroller = createDirectEnroller(config, { clock: systemClock, random: systemRandom });
  try {
    let outcome = await enroller.enroll(request, signal);
    for (let polls = 0; outcome.kind === 'pending' && polls < 4; polls++) {
      outcome = await enroller.resume(request, outcome.state, signal);
    }
    return outcome;
  } finally {
    await enroller.close();
  }
}
