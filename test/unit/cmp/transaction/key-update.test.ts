import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpTransport } from '../../../../src/cmp/index.js';
import { type CmpSession, type IssuedCertificate, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import type { CertificateRequest } from '../../../../src/cmp/wish.js';
import { type Certificate, createCsr, decodeCertificates, encodePem, parseName } from '../../../../src/pki/index.js';
import { systemClock } from '../../../../src/runtime/clock.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/index.js';
import { weakCsr } from '../../../support/weak-csr.js';
import { TestCa } from '../support/ca.js';
import { certificate, macCredential, request, session, signatureCredential } from '../support/session.js';

const { signal } = new AbortController();
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

async function wishFor(subject: string, replaces?: Certificate): Promise<CertificateRequest> {
  const key = newKey();
  const der = await createCsr({ subject: parseName(subject), extensions: [] }, key);
  return {
    csrPem: encodePem('CERTIFICATE REQUEST', der),
    usages: ['digital signature'],
    isCA: false,
    privateKey: async () => key,
    ...(replaces === undefined ? {} : { replaces }),
  };
}

describe('a key update against the sandbox CA', () => {
  let ca: SandboxCa;
  let base: CmpSession;

  beforeAll(async () => {
    ca = await startSandboxCa();
    const limits = { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 1_000_000 };
    base = session({
      transport: createHttpTransport({ endpoints: [{ url: `${ca.url}/pkix/` }], ...limits }, systemClock),
      credential: {
        ...macCredential(Buffer.from(ca.credentials.secret)),
        reference: ca.credentials.reference,
      } as CmpSession['credential'],
      recipient: parseName(ca.caName),
      anchors: decodeCertificates(ca.rootPem),
      proofOfPossession: 'signature',
      clock: systemClock,
      random: systemRandom,
    });
  });
  afterAll(() => ca.close());

  async function issue(wish: CertificateRequest, change: Partial<CmpSession> = {}): Promise<IssuedCertificate> {
    const result = await startEnrollment(wish, { ...base, ...change }, signal);
    if (result.kind !== 'issued') throw new Error('put off');
    return result;
  }

  async function firstOne(subject = 'CN=device,O=Lab') {
    const wish = await wishFor(subject);
    const { certificate: issued } = await issue(wish);
    return { issued, privateKey: await wish.privateKey() };
  }

  const signedBy = (old: Certificate, privateKey: Awaited<ReturnType<typeof firstOne>>['privateKey']) => ({
    enrollment: 'kur' as const,
    credential: { kind: 'signature' as const, certificate: old, issuers: [], privateKey },
  });

  it('is signed with the old key, names the old certificate, and brings a new one', async () => {
    const { issued, privateKey } = await firstOne();
    const wish = await wishFor('CN=device,O=Lab', issued);
    const updated = await issue(wish, signedBy(issued, privateKey));
    expect(updated.facts).toMatchObject({ body: 'kur', confirmation: 'explicit', protection: 'ECDSA with SHA-256' });
    expect(updated.certificate.serialHex).not.toBe(issued.serialHex);
    expect(ca.ledger.find(updated.certificate.serialHex)).toMatchObject({ body: 'kur', state: 'confirmed' });
  });

  it.each([
    ['the key of another certificate', 'notAuthorized'],
    ['a certificate of another subject', 'badCertTemplate'],
    ['a certificate that the CA did not issue', 'badCertId'],
  ])('is refused with %s', async (_name, failInfo) => {
    const { issued, privateKey } = await firstOne();
    const other = await firstOne('CN=other,O=Lab');
    const client = await ca.issueClientCertificate('stranger');
    const [stranger] = decodeCertificates(client.certificatePem);
    if (stranger === undefined) throw new Error('no certificate');
    const attempts: Record<string, () => Promise<unknown>> = {
      notAuthorized: async () =>
        issue(await wishFor('CN=device,O=Lab', issued), signedBy(other.issued, other.privateKey)),
      badCertTemplate: async () => issue(await wishFor('CN=other,O=Lab', issued), signedBy(issued, privateKey)),
      badCertId: async () =>
        issue(
          await wishFor('CN=stranger,O=CMP Sandbox', stranger),
          signedBy(stranger, createPrivateKey(client.keyPem)),
        ),
    };
    await expect(attempts[failInfo]?.()).rejects.toMatchObject({ code: 'Rejected', failInfo: [failInfo] });
  });

  it('is refused under the shared secret', async () => {
    const { issued } = await firstOne();
    const wish = await wishFor('CN=device,O=Lab', issued);
    await expect(issue(wish, { enrollment: 'kur' })).rejects.toMatchObject({ failInfo: ['notAuthorized'] });
  });

  it('refuses an answer under a MAC, which is no match for a signature', async () => {
    const { issued, privateKey } = await firstOne();
    ca.behaviours.default = { responseProtection: 'mac' };
    try {
      const wish = await wishFor('CN=device,O=Lab', issued);
      await expect(issue(wish, signedBy(issued, privateKey))).rejects.toMatchObject({ code: 'ProtectionInvalid' });
    } finally {
      ca.behaviours.default = {};
    }
  });
});

describe('a key update', () => {
  it('without the certificate to replace is a mistake of ours', async () => {
    const client = session({ enrollment: 'kur', credential: signatureCredential() });
    await expect(startEnrollment(request(), client, signal)).rejects.toMatchObject({ code: 'ConfigurationInvalid' });
  });

  it('refuses to be given the old certificate again', async () => {
    const ca = new TestCa();
    const client = session({ transport: ca.transport, enrollment: 'kur' });
    const wish = request({ replaces: certificate('new.crt') });
    await expect(startEnrollment(wish, client, signal)).rejects.toMatchObject({ code: 'CertificateRefused' });
    expect(ca.bodies).toEqual(['kur', 'certConf']);
  });

  it('does not make other bodies name what they replace', async () => {
    const ca = new TestCa();
    await startEnrollment(
      request({ replaces: certificate('ra-p256.crt') }),
      session({ transport: ca.transport }),
      signal,
    );
    const [first] = ca.received;
    expect(first?.body.type === 'ir' && first.body.value[0]?.certReq.controls).toBeUndefined();
  });
});

describe('a CSR with a weak signature', () => {
  it('is taken only where the caller proves possession anew', async () => {
    const { csrPem, privateKey } = await weakCsr('CN=weak');
    const weak: CertificateRequest = { csrPem, usages: [], isCA: false, privateKey: async () => privateKey };
    const ca = new TestCa();
    const client = session({ transport: ca.transport, proofOfPossession: 'signature' });
    await expect(startEnrollment({ ...weak, acceptWeakSignature: false }, client, signal)).rejects.toMatchObject({
      code: 'CsrInvalid',
    });
    // The test CA knows nothing but its own certificate: that the request went out is what counts.
    await expect(startEnrollment({ ...weak, acceptWeakSignature: true }, client, signal)).rejects.toMatchObject({
      code: 'CertificateRefused',
    });
    expect(ca.bodies).toEqual(['ir', 'certConf']);
  });
});
