import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createDirectEnroller } from '../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../src/enrollment/direct-config.js';
import type { EnrollmentOutcome, EnrollmentRequest } from '../../src/enrollment/enroller.js';
import { decodePem } from '../../src/pki/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { packageRoot } from '../../src/runtime/package-root.js';
import { systemRandom } from '../../src/runtime/random.js';
import {
  BY_SECRET,
  BY_SIGNATURE,
  type OpensslServer,
  REFERENCE,
  SECRET,
  startOpensslServer,
} from './support/openssl-server.js';

const text = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'cmp', 'pki', name), 'utf8');
const ders = (...names: string[]) => names.flatMap((name) => decodePem(text(name)).map((der) => Buffer.from(der)));

const mac = (change: Partial<Extract<DirectBackendConfig['protection'], { type: 'mac' }>> = {}) =>
  ({
    type: 'mac',
    reference: REFERENCE,
    secret: Buffer.from(SECRET),
    owf: 'SHA256',
    mac: 'HMAC-SHA256',
    iterations: 500,
    ...change,
  }) as const;

const signature = (kind: string) =>
  ({
    type: 'signature',
    certificatesPem: text(`ra-${kind}.crt`) + text('issuing.crt'),
    privateKeyPem: text(`ra-${kind}.key`),
  }) as const;

const request: EnrollmentRequest = {
  id: 'b6a7c9f0-0000-4000-8000-000000000001',
  csrPem: text('new.csr'),
  usages: ['digital signature', 'server auth', 'client auth'],
  isCA: false,
  durationSeconds: 90 * 86_400,
  privateKey: async () => createPrivateKey(text('new.key')),
};

let server: OpensslServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function enroller(options: readonly string[], change: Partial<DirectBackendConfig> = {}) {
  server = await startOpensslServer(...options);
  const config: DirectBackendConfig = {
    endpoints: [{ url: server.url }],
    recipient: 'CN=Test Issuing CA,O=CMP Test',
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: mac(),
    trustPem: text('root.crt'),
    responseProtection: 'Strict',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 100_000, maxPollingMs: 60_000 },
    ...change,
  };
  return createDirectEnroller(config, { clock: systemClock, random: systemRandom });
}

const { signal } = new AbortController();

function expectIssued(outcome: EnrollmentOutcome, details: Record<string, string>): void {
  expect(outcome).toMatchObject({
    kind: 'issued',
    details: { subject: 'CN=new.example.com,O=CMP Test', issuer: 'CN=Test Issuing CA,O=CMP Test', ...details },
  });
  if (outcome.kind !== 'issued') return;
  expect(outcome.chain.map((der) => Buffer.from(der))).toEqual(ders('new.crt', 'issuing.crt'));
  expect(outcome.ca.map((der) => Buffer.from(der))).toEqual(ders('root.crt'));
}

describe('the direct backend against the server of openssl cmp', () => {
  const protections = [
    ['PasswordBasedMac', BY_SECRET, mac()],
    ['ECDSA with SHA-256', BY_SIGNATURE, signature('p256')],
  ] as const;
  const enrollments = ['IR', 'CR', 'P10CR'] as const;
  const cases = protections.flatMap(([title, options, protection]) =>
    enrollments.flatMap((enrollment) =>
      (['Explicit', 'Implicit'] as const).map((confirmation) => ({
        title,
        options,
        protection,
        enrollment,
        confirmation,
      })),
    ),
  );

  it.each(cases)('$enrollment, $title, $confirmation confirmation', async (wanted) => {
    const { title, enrollment, confirmation, protection } = wanted;
    const grant = confirmation === 'Implicit' ? ['-grant_implicitconf'] : [];
    const direct = await enroller([...wanted.options, ...grant], { enrollment, confirmation, protection });
    expectIssued(await direct.enroll(request, signal), {
      body: enrollment.toLowerCase(),
      protection: title,
      confirmation: confirmation.toLowerCase(),
    });
  });

  it('confirms explicitly when implicit confirmation is not granted', async () => {
    const direct = await enroller(BY_SECRET, { confirmation: 'Implicit' });
    expectIssued(await direct.enroll(request, signal), { confirmation: 'explicit' });
  });

  it.each(['p384', 'rsa', 'ed25519'])('signs with a %s key', async (kind) => {
    const direct = await enroller(BY_SIGNATURE, { protection: signature(kind) });
    expectIssued(await direct.enroll(request, signal), { body: 'ir' });
  });

  it('proves possession by signature', async () => {
    const withoutRaVerified = BY_SECRET.filter((option) => option !== '-accept_raverified');
    const direct = await enroller(withoutRaVerified, { proofOfPossession: 'Signature' });
    expectIssued(await direct.enroll(request, signal), { body: 'ir' });
  });

  it('asks for SHA-1 where a CA knows nothing else', async () => {
    const direct = await enroller(BY_SECRET, { protection: mac({ owf: 'SHA1', mac: 'HMAC-SHA1' }) });
    expectIssued(await direct.enroll(request, signal), { protection: 'PasswordBasedMac' });
  });

  it.each(['IR', 'P10CR'] as const)('waits and polls (%s)', async (enrollment) => {
    const direct = await enroller([...BY_SECRET, '-poll_count', '3', '-check_after', '1'], { enrollment });
    let outcome = await direct.enroll(request, signal);
    const waits: number[] = [];
    while (outcome.kind === 'pending') {
      waits.push(outcome.notBefore.getTime() - Date.now());
      // What is kept must survive being written down.
      outcome = await direct.resume(request, JSON.parse(JSON.stringify(outcome.state)), signal);
    }
    expectIssued(outcome, { body: enrollment.toLowerCase() });
    expect(waits.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  });

  it('reports a rejection in the words of the CA', async () => {
    const direct = await enroller([...BY_SECRET, '-pkistatus', '2', '-failure', '19', '-statusstring', 'nope']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      name: 'EnrollmentError',
      code: 'Rejected',
      retry: 'request',
      failInfo: ['badCertTemplate'],
      message: expect.stringMatching(/^CA rejected the request: badCertTemplate "nope"/),
    });
  });

  it('reports a refused proof of possession with a remedy', async () => {
    const direct = await enroller(BY_SECRET.filter((option) => option !== '-accept_raverified'));
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      code: 'Rejected',
      message: expect.stringContaining('P10CR'),
    });
  });

  it('accepts a modification that the CA grants, and says so', async () => {
    const direct = await enroller([...BY_SECRET, '-pkistatus', '1', '-statusstring', 'shorter']);
    const outcome = await direct.enroll(request, signal);
    expectIssued(outcome, {});
    expect(outcome).toMatchObject({ notes: expect.arrayContaining([expect.stringContaining('shorter')]) });
  });

  it('takes keyUpdateWarning for no certificate', async () => {
    const direct = await enroller([...BY_SECRET, '-pkistatus', '6']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({ code: 'Rejected', retry: 'request' });
  });

  it('reports a protected error as the CA’s word', async () => {
    const direct = await enroller([...BY_SECRET, '-send_error']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'request',
      message: expect.stringMatching(/^CA rejected/),
    });
  });

  it('takes an unprotected error for hearsay', async () => {
    const direct = await enroller([...BY_SECRET, '-send_error', '-send_unprot_err']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'unauthenticated',
      message: expect.stringContaining('unauthenticated'),
    });
  });

  it('refuses an unprotected certificate', async () => {
    const direct = await enroller([...BY_SECRET, '-send_unprotected']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({ code: 'ProtectionMissing' });
  });

  it('suspects the secret when the MAC of the answer does not verify', async () => {
    const direct = await enroller(BY_SECRET, { protection: mac({ secret: Buffer.from('another secret') }) });
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      code: 'ProtectionInvalid',
      retry: 'unauthenticated',
      message: expect.stringMatching(/another shared secret.*It claims.*wrong pbm value/s),
    });
  });

  it('refuses a signer that does not chain to the configured trust', async () => {
    const direct = await enroller(BY_SIGNATURE, { protection: signature('p256'), trustPem: text('root-two.crt') });
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({ code: 'SignerUntrusted', retry: 'issuer' });
  });

  it('refuses a certificate for another key, and tells the server so', async () => {
    const direct = await enroller([...BY_SECRET, '-rsp_cert', 'new-other-key.crt']);
    await expect(direct.enroll(request, signal)).rejects.toMatchObject({
      code: 'CertificateRefused',
      retry: 'request',
      message: expect.stringContaining('another public key'),
    });
  });

  it('probes without disturbing the server', async () => {
    const direct = await enroller(BY_SECRET);
    await direct.probe(signal);
    expectIssued(await direct.enroll(request, signal), {});
    await direct.close();
  });
});
