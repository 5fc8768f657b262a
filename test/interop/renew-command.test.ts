import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { material } from '../support/certservice-server.js';
import { runCommand } from '../support/command.js';
import { BY_SIGNATURE, startOpensslServer } from './support/openssl-server.js';

const fixture = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);
const NEW_CERT = fixture('new.crt');
const NEW_KEY = fixture('new.key');

let folder: string;
const file = (name: string) => join(folder, name);
const certificateIn = (name: string) => new X509Certificate(readFileSync(file(name)));

beforeEach(() => rmSync(file('renewed.pem'), { force: true }));
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'renew-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('against the sandbox CA', () => {
  let ca: SandboxCa;
  beforeAll(async () => {
    ca = await startSandboxCa();
    writeFileSync(file('root.pem'), ca.rootPem);
    writeFileSync(file('issuing.pem'), ca.chainPem);
    for (const [name, subject] of Object.entries({
      old: 'CN=device,O=Lab',
      new: 'CN=device,O=Lab',
      other: 'CN=other',
    })) {
      const { csrPem, keyPem } = await material(subject);
      writeFileSync(file(`${name}.csr`), csrPem);
      writeFileSync(file(`${name}.key`), keyPem);
    }
  });
  afterAll(() => ca.close());

  const server = () => ['--server', `${ca.url}/pkix/`, '--recipient', ca.caName, '--trusted', file('root.pem')];
  const renew = (...more: readonly string[]) => runCommand('renew', ...server(), '--out', file('renewed.pem'), ...more);
  const old = () => [
    ...['--cert', file('old.pem'), '--cert-key', file('old.key'), '--cert-chain', file('issuing.pem')],
  ];

  beforeEach(async () => {
    writeFileSync(file('secret'), ca.credentials.secret);
    const protection = ['--ref', ca.credentials.reference, '--secret-file', file('secret')];
    const wanted = ['--cmd', 'ir', '--csr', file('old.csr'), '--out', file('old.pem')];
    expect(await runCommand('enroll', ...server(), ...protection, ...wanted)).toMatchObject({ exitCode: 0 });
  });

  it('replaces a certificate, for a new key', async () => {
    const record = ['--record', file('record'), '--output', 'json'];
    const { exitCode, stdout } = await renew(...old(), '--csr', file('new.csr'), '--key', file('new.key'), ...record);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      body: 'kur',
      protection: 'ECDSA with SHA-256',
      confirmation: 'explicit',
    });
    const renewed = certificateIn('renewed.pem');
    expect(renewed.serialNumber).not.toBe(certificateIn('old.pem').serialNumber);
    execFileSync('openssl', [
      ...[
        'verify',
        '-x509_strict',
        '-CAfile',
        file('root.pem'),
        '-untrusted',
        file('renewed.pem'),
        file('renewed.pem'),
      ],
    ]);
    expect(ca.ledger.find(renewed.serialNumber.toLowerCase())).toMatchObject({ body: 'kur', state: 'confirmed' });
    expect(readdirSync(file('record')).sort()).toEqual([
      ...['01-request-kur.der', '01-response-kup.der', '02-request-certConf.der', '02-response-pkiconf.der'],
    ]);
  });

  it('replaces a certificate, its key kept', async () => {
    expect(await renew(...old(), '--csr', file('old.csr'))).toMatchObject({ exitCode: 0 });
    expect(certificateIn('renewed.pem').publicKey.equals(certificateIn('old.pem').publicKey)).toBe(true);
  });

  it('ends with 1 and without a first certificate when the old one was revoked', async () => {
    ca.ledger.conclude(certificateIn('old.pem').serialNumber.toLowerCase(), 'revoked');
    const result = await renew(...old(), '--csr', file('new.csr'), '--key', file('new.key'));
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('certRevoked') });
    expect(existsSync(file('renewed.pem'))).toBe(false);
  });

  it.each<[string, () => string[], number, string]>([
    [
      'other names',
      () => [...old(), '--csr', file('other.csr'), '--key', file('other.key')],
      2,
      'the request asks for other names',
    ],
    [
      'the key of another certificate',
      () => ['--cert', file('old.pem'), '--cert-key', file('new.key'), '--csr', file('new.csr')],
      2,
      'not the key',
    ],
    ['the key of another CSR', () => [...old(), '--csr', file('new.csr')], 1, 'is not the key of'],
    [
      'a shared secret',
      () => ['--ref', 'x', '--secret-file', file('secret'), '--csr', file('new.csr')],
      2,
      'give --cert and --cert-key',
    ],
  ])('is refused with %s', async (_name, args, exitCode, text) =>
    expect(await renew(...args())).toMatchObject({ exitCode, stderr: expect.stringContaining(text) }),
  );

  it('serves openssl cmp -cmd kur', async () => {
    await promisify(execFile)('openssl', [
      ...['cmp', '-config', '', '-batch', '-cmd', 'kur', '-server', ca.url, '-path', 'pkix/'],
      ...['-recipient', ca.caNameSlashed, '-trusted', file('root.pem'), '-untrusted', file('issuing.pem')],
      ...['-cert', file('old.pem'), '-key', file('old.key'), '-oldcert', file('old.pem'), '-newkey', file('new.key')],
      ...['-certout', file('renewed.pem'), '-msg_timeout', '10'],
    ]);
    const { serialNumber, subject } = certificateIn('renewed.pem');
    expect(subject).toBe(certificateIn('old.pem').subject);
    expect(ca.ledger.find(serialNumber.toLowerCase())).toMatchObject({ body: 'kur', state: 'confirmed' });
  });
});

describe('against the server of openssl cmp', () => {
  // It demands its one certificate in oldCertID and gives it back, which is no renewal.
  it('refuses to be given the old certificate again', async () => {
    const server = await startOpensslServer(...BY_SIGNATURE);
    try {
      const result = await runCommand(
        ...['renew', '--server', server.url, '--recipient', 'CN=Test Issuing CA,O=CMP Test'],
        ...['--trusted', fixture('root.crt'), '--cert', NEW_CERT, '--cert-key', NEW_KEY],
        ...['--cert-chain', fixture('issuing.crt'), '--csr', fixture('new.csr'), '--out', file('renewed.pem')],
      );
      expect(result).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('it is the very one that is to be replaced'),
      });
      expect(existsSync(file('renewed.pem'))).toBe(false);
    } finally {
      await server.stop();
    }
  });
});
