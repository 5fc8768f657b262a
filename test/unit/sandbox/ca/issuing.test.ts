import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CertTemplate } from '../../../../src/cmp/schema/index.js';
import {
  basicConstraintsExtension,
  type CertificationRequest,
  extendedKeyUsageExtension,
  keyUsageExtension,
  OID,
  subjectKeyIdentifierOf,
} from '../../../../src/pki/index.js';
import { type KeyKind, type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { CSR, certificateIn, fixtureCsr, ir, p10cr, refusalIn, TestTransaction } from './test-client.js';

const DAY = 86_400_000;

describe.each<KeyKind>(['ec-p256', 'rsa-2048'])('certificates of a CA with %s keys', (keys) => {
  let ca: SandboxCa;
  beforeAll(async () => {
    ca = await startSandboxCa({ keys, defaultValidityDays: 30, maximumValidityDays: 20_000 });
  });
  afterAll(() => ca.close());

  const issue = async (body: ReturnType<typeof ir>) => {
    const answer = await new TestTransaction(ca).send(body);
    const [status] = refusalIn(answer);
    return { status, certificate: certificateIn(answer) };
  };
  const issueTemplate = (template: Partial<CertTemplate>) => issue(ir(template));

  it.each(['p256', 'p384', 'rsa2048', 'rsa4096', 'ed25519'])('certify the CSR of %s as it is', async (name) => {
    const csr: CertificationRequest = fixtureCsr(`${name}.csr`);
    const { status, certificate } = await issue(p10cr(csr));
    const node = new X509Certificate(certificate.der);
    const issuer = new X509Certificate(ca.chainPem);
    expect(status).toBe('accepted');
    expect(node.checkIssued(issuer) && node.verify(issuer.publicKey)).toBe(true);
    expect(Buffer.from(certificate.spki).equals(csr.spki)).toBe(true);
    expect(Buffer.from(certificate.subject).equals(csr.subject)).toBe(true);
    for (const { der } of csr.extensions.list) {
      expect(certificate.extensions.list.some((granted) => Buffer.from(granted.der).equals(der))).toBe(true);
    }
  });

  it('hold what RFC 5280 asks for', async () => {
    const now = Date.now();
    const { certificate } = await issueTemplate({});
    const issuer = new X509Certificate(ca.chainPem);
    expect(certificate.version).toBe(3);
    expect(certificate.serialNumber).toBeGreaterThan(0n);
    expect(certificate.serialHex).toMatch(/^[4-7][0-9a-f]{31}$/);
    expect(certificate.isCA).toBe(false);
    expect([...(certificate.extensions.keyUsage ?? [])]).toEqual(['digitalSignature']);
    expect(certificate.extensions.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(
      Buffer.from(certificate.extensions.subjectKeyIdentifier ?? []).equals(subjectKeyIdentifierOf(CSR.spki)),
    ).toBe(true);
    const authority = subjectKeyIdentifierOf(issuer.publicKey.export({ format: 'der', type: 'spki' }));
    expect(Buffer.from(certificate.extensions.authorityKeyIdentifier ?? []).equals(authority)).toBe(true);
    expect(certificate.notBefore.getTime()).toBeLessThanOrEqual(now);
    expect(Math.abs(certificate.notAfter.getTime() - now - 30 * DAY)).toBeLessThan(60_000);
  });

  it('last as long as asked, beyond 2049 too, up to the limit', async () => {
    const wanted = new Date('2055-05-05T05:05:05Z');
    const within = await issueTemplate({ validity: { notAfter: wanted } });
    expect(within).toMatchObject({ status: 'accepted', certificate: { notAfter: wanted } });
    const beyond = await issueTemplate({ validity: { notAfter: new Date('2999-01-01T00:00:00Z') } });
    expect(beyond.status).toBe('grantedWithMods');
    expect(beyond.certificate.notAfter.getTime()).toBeLessThanOrEqual(Date.now() + 20_000 * DAY);
  });

  it('follow the requested usages', async () => {
    const extensions = [keyUsageExtension(['keyAgreement']), extendedKeyUsageExtension(['1.3.6.1.5.5.7.3.4'])];
    const { status, certificate } = await issueTemplate({ extensions });
    expect(status).toBe('accepted');
    expect([...(certificate.extensions.keyUsage ?? [])]).toEqual(['keyAgreement']);
    expect(certificate.extensions.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.4']);
  });

  it.each([
    ['a CA certificate', [basicConstraintsExtension(true, 3)]],
    ['the right to sign certificates', [keyUsageExtension(['keyCertSign', 'cRLSign'])]],
    ['name constraints', [Buffer.from('300c0603551d1e0101ff04023000', 'hex')]],
  ])('never grant %s', async (_name, extensions) => {
    const { status, certificate } = await issueTemplate({ extensions });
    expect(status).toBe('grantedWithMods');
    expect(certificate.isCA).toBe(false);
    expect([...(certificate.extensions.keyUsage ?? [])]).toEqual(['digitalSignature']);
    expect(certificate.extensions.find(OID.nameConstraints)).toBeUndefined();
  });
});
