import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Crypto } from '@peculiar/webcrypto';
import { CryptoEngine } from 'pkijs';
import { type Certificate, decodeCertificates, PkiError, parseCsr } from '../../../src/pki/index.js';
import { toPkijsCertificate, toPkijsRequest } from '../../../src/pki/pkijs.js';
import { packageRoot } from '../../../src/runtime/package-root.js';

// Our verdicts about signatures against those of pkijs over an engine that shares no code with node:crypto's one-shot calls.
const engine = new CryptoEngine({ name: 'peculiar', crypto: new Crypto() });
const text = (...path: string[]) => readFileSync(join(packageRoot(), 'fixtures', ...path), 'utf8');
const certificate = (name: string): Certificate => {
  const [found] = decodeCertificates(text('pki', name));
  if (found === undefined) throw new Error(`${name} is empty`);
  return found;
};

describe('certificate requests', () => {
  it.each(['rsa2048', 'rsa4096', 'p256', 'p384', 'bad-signature'])('%s', async (name) => {
    const request = parseCsr(text('csr', `${name}.csr`));
    let ours = true;
    try {
      request.verifySignature();
    } catch (error) {
      expect(error).toBeInstanceOf(PkiError);
      ours = false;
    }
    expect(ours).toBe(name !== 'bad-signature');
    expect(await toPkijsRequest(request).verify(engine)).toBe(ours);
  });
});

describe('certificates', () => {
  it.each([
    ['leaf.crt', 'issuing.crt', true],
    ['issuing.crt', 'root.crt', true],
    ['root.crt', 'root.crt', true],
    ['rsa-leaf.crt', 'issuing.crt', true],
    ['leaf.crt', 'impostor-issuing.crt', false],
    ['issuing.crt', 'root-two.crt', false],
  ])('%s below %s', async (name, issuer, expected) => {
    const [child, parent] = [certificate(name), certificate(issuer)];
    expect(child.signatureObjection(parent) === undefined).toBe(expected);
    expect(await toPkijsCertificate(child).verify(toPkijsCertificate(parent), engine)).toBe(expected);
  });
});
