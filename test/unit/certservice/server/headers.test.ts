import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../../../src/certservice/server/api-error.js';
import { readNewMaterial, readOldMaterial } from '../../../../src/certservice/server/headers.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { base64 } from '../../../support/certservice-server.js';
import { text } from '../../cmp/support/fixture.js';

const csr = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8');
const store = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'certservice', name), 'utf8');

/** The kind of problem, or what was read. */
function problemOf(read: () => unknown): string {
  try {
    read();
    return 'none';
  } catch (error) {
    if (error instanceof ApiError) return error.problem.kind;
    throw error;
  }
}

const KEY = csr('p256.key');
const CSR = csr('p256.csr');
const form = (name: string, type: 'pkcs1' | 'sec1') =>
  createPrivateKey(csr(name)).export({ format: 'pem', type }).toString();
/** As `openssl ecparam -genkey` writes them. */
const PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
const other = (label: string, pem: string) => pem.replace(/(BEGIN|END) [A-Z ]+-----/g, `$1 ${label}-----`);

describe('CSR and PK', () => {
  it.each([
    ['as they are', CSR, KEY],
    ['with CRLF', CSR.replaceAll('\n', '\r\n'), KEY.replaceAll('\n', '\r\n')],
    ['with text around them', `hello\n${CSR}more`, `hello\n${KEY}more`],
    ['with other labels', other('NEW CERTIFICATE REQUEST', CSR), other('ANY PRIVATE KEY', KEY)],
    ['with a second object behind the first', CSR + CSR, KEY + CSR],
    ['with a broken object behind the first', `${CSR}-----BEGIN X`, `${KEY}-----BEGIN X`],
    ['with RSA', csr('rsa2048.csr'), csr('rsa2048.key')],
    ['with PKCS#1', csr('rsa2048.csr'), form('rsa2048.key', 'pkcs1')],
    ['with SEC1, parameters in front', CSR, `${PARAMETERS}${form('p256.key', 'sec1')}`],
    ['with Ed25519', csr('ed25519.csr'), csr('ed25519.key')],
  ])('%s are taken', (_name, request, key) =>
    expect(problemOf(() => readNewMaterial(base64(request), base64(key)))).toBe('none'),
  );

  it.each([
    ['a CSR cut off', csr('bad-truncated.csr'), KEY, 'csr'],
    ['a CSR altered', csr('bad-signature.csr'), KEY, 'csr'],
    ['a certificate as CSR', csr('bad-certificate.csr'), KEY, 'csr'],
    ['a key as CSR', KEY, KEY, 'csr'],
    ['a CSR for a short key', csr('bad-rsa1024.csr'), KEY, 'privateKey'],
    ['a CSR for an unknown curve', csr('bad-p224.csr'), KEY, 'privateKey'],
    ['a CSR as PK', CSR, CSR, 'privateKey'],
    ['an encrypted PK', CSR, store('ec-server-encrypted.key'), 'privateKey'],
    ['the PK of another', CSR, csr('p384.key'), 'privateKey'],
    ['nothing', '', '', 'csr'],
  ])('%s is refused', (_name, request, key, problem) =>
    expect(problemOf(() => readNewMaterial(base64(request), base64(key)))).toBe(problem),
  );

  it('may lack padding, but hold no blanks and no other alphabet', () => {
    const padded = base64(`${CSR}\n`.padEnd(Math.ceil(CSR.length / 3) * 3 + 1, '\n'));
    expect(padded).toMatch(/=$/);
    expect(problemOf(() => readNewMaterial(padded.replace(/=+$/, ''), base64(KEY)))).toBe('none');
    for (const spoilt of [`${padded} `, `${padded.slice(0, 64)}\n${padded.slice(64)}`, padded.replace(/[A-Z]/, '-')]) {
      expect(problemOf(() => readNewMaterial(spoilt, base64(KEY)))).toBe('csr');
    }
  });
});

describe('OLD_CERT and OLD_PK', () => {
  const certificate = text('new.crt');
  it.each([
    ['one certificate', certificate, 'none'],
    ['a chain, of which the first counts', certificate + text('issuing.crt'), 'none'],
    ['CRLF', certificate.replaceAll('\n', '\r\n'), 'none'],
    ['no last line end', certificate.trimEnd(), 'none'],
    ['no certificate', KEY, 'oldCertificate'],
    ['half a certificate', certificate.slice(0, 200), 'oldCertificate'],
  ])('%s', (_name, pem, problem) => expect(problemOf(() => readOldMaterial(base64(pem), base64(KEY)))).toBe(problem));

  it('the first certificate is the old one, the others help', () => {
    const { certificate: first, others } = readOldMaterial(base64(certificate + text('issuing.crt')), base64(KEY));
    expect(first.subjectText).toBe('CN=new.example.com,O=CMP Test');
    expect(others.map(({ subjectText }) => subjectText)).toEqual(['CN=Test Issuing CA,O=CMP Test']);
  });

  it('a wrong OLD_PK counts as a wrong certificate', () =>
    expect(problemOf(() => readOldMaterial(base64(certificate), base64(certificate)))).toBe('oldCertificate'));
});

describe('whatever stands in the headers', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc
      .constantFrom(CSR, KEY, text('new.crt'))
      .chain((pem) =>
        fc
          .tuple(fc.nat(pem.length), fc.nat(pem.length), fc.string({ maxLength: 5 }))
          .map(([from, to, piece]) => base64(pem.slice(0, Math.min(from, to)) + piece + pem.slice(Math.max(from, to)))),
      ),
  );
  it('ends in a documented answer', () =>
    fc.assert(
      fc.property(value, value, (first, second) => {
        expect(['none', 'csr', 'privateKey']).toContain(problemOf(() => readNewMaterial(first, second)));
        expect(['none', 'oldCertificate']).toContain(problemOf(() => readOldMaterial(first, second)));
      }),
      { numRuns: 300 },
    ));
});
