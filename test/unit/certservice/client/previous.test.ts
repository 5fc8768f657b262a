import { describe, expect, it } from '@jest/globals';
import { usablePrevious } from '../../../../src/certservice/client/previous.js';
import { startSandboxCa } from '../../../../src/sandbox/index.js';
import { fixture } from './support.js';

const ca = await startSandboxCa();
await ca.close();
const rsa = await ca.issueClientCertificate('old', { keys: 'rsa-2048' });
const ec = await ca.issueClientCertificate('old', { keys: 'ec-p256' });
const now = new Date();
const old = (certificatesPem: string, privateKeyPem: string) => ({ certificatesPem, privateKeyPem });

describe('a certificate to be replaced', () => {
  it('is written so that every CertService can read it: LF, last line ended, key in PKCS#8', () => {
    const crlf = `${rsa.certificatePem}${rsa.chainPem}`.replaceAll('\n', '\r\n').trimEnd();
    const found = usablePrevious(old(crlf, rsa.keyPem), 'RSA', now);
    expect(found).toMatchObject({ ok: true, leafPem: rsa.certificatePem, chainPem: rsa.certificatePem + rsa.chainPem });
    expect(found.ok && found.privateKeyPem).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[\s\S]*-----END PRIVATE KEY-----\n$/,
    );
  });

  it.each<[string, string, string, RegExp]>([
    ['another key', rsa.certificatePem, fixture('csr', 'rsa2048.key'), /another one/],
    ['no certificate', 'rubbish', rsa.keyPem, /not PEM/],
    ['no key', rsa.certificatePem, 'rubbish', /private key/],
    ['an EC key', ec.certificatePem, ec.keyPem, /P-256, CertService takes RSA only/],
  ])('is of no use with %s', (_name, certificatesPem, privateKeyPem, reason) => {
    expect(usablePrevious(old(certificatesPem, privateKeyPem), 'RSA', now)).toEqual({
      ok: false,
      reason: expect.stringMatching(reason),
    });
  });

  it('is of no use once it expired', () => {
    const later = new Date(now.getTime() + 4_000 * 86_400_000);
    expect(usablePrevious(old(rsa.certificatePem, rsa.keyPem), 'RSA', later)).toMatchObject({ ok: false });
  });

  it('may have another key where the service takes it', () => {
    expect(usablePrevious(old(ec.certificatePem, ec.keyPem), 'Any', now)).toMatchObject({ ok: true });
  });
});
