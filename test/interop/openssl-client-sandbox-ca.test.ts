import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type CertificateState, type KeyKind, type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { INSTALLED, type OpensslResult, runOpenssl } from './support/openssl.js';

const fixtures = join(packageRoot(), 'fixtures', 'csr');

const openssl = (...args: readonly string[]): Promise<OpensslResult> => runOpenssl(INSTALLED, ...args);

type Protection = 'PBM' | 'signature';
type Command = 'ir' | 'cr' | 'p10cr';

describe.each<KeyKind>(['ec-p256', 'rsa-2048'])('openssl cmp as the client of the sandbox CA (%s)', (keys) => {
  let ca: SandboxCa;
  let folder: string;
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-ca-'));
    ca = await startSandboxCa({ keys });
    const client = await ca.issueClientCertificate('registration authority');
    const rogue = await ca.issueClientCertificate('rogue', { issuer: 'untrusted' });
    const files = {
      'root.pem': ca.rootPem,
      'issuing.pem': ca.chainPem,
      'client.pem': client.certificatePem,
      'client.key': client.keyPem,
      'client-chain.pem': client.chainPem,
      'rogue.pem': rogue.certificatePem,
      'rogue.key': rogue.keyPem,
      'rogue-chain.pem': rogue.chainPem,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
  });

  afterAll(async () => {
    await ca.close();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => rmSync(file('out.pem'), { force: true }));

  const protect = (protection: Protection): string[] =>
    protection === 'PBM'
      ? ['-ref', ca.credentials.reference, '-secret', `pass:${ca.credentials.secret}`]
      : ['-cert', file('client.pem'), '-key', file('client.key'), '-untrusted', file('client-chain.pem')];

  const enrol = (command: Command, path: string, ...more: string[]): Promise<OpensslResult> => {
    const what =
      command === 'p10cr'
        ? ['-csr', join(fixtures, 'p256.csr')]
        : ['-newkey', join(fixtures, 'p256.key'), '-subject', '/O=CMP Lab/CN=workload', '-sans', 'workload.demo.svc'];
    const server = ['-server', ca.url, '-path', path, '-recipient', ca.caNameSlashed, '-trusted', file('root.pem')];
    return openssl(
      ...['cmp', '-config', '', '-batch', '-cmd', command, ...server, ...what],
      ...['-certout', file('out.pem'), '-msg_timeout', '10', ...more],
    );
  };

  const lastState = (): CertificateState | undefined => ca.ledger.certificates.at(-1)?.state;

  const verifyIssued = async (): Promise<void> => {
    const verified = await openssl(
      ...['verify', '-x509_strict', '-CAfile', file('root.pem'), '-untrusted', file('issuing.pem'), file('out.pem')],
    );
    expect(verified).toEqual({ code: 0, output: `${file('out.pem')}: OK\n` });
    const certified = await openssl('x509', '-in', file('out.pem'), '-noout', '-pubkey');
    const own = await openssl('pkey', '-in', join(fixtures, 'p256.key'), '-pubout');
    expect(certified.output).toBe(own.output);
  };

  const protections: Protection[] = ['PBM', 'signature'];
  const commands: Command[] = ['ir', 'cr', 'p10cr'];
  const combinations = protections.flatMap((protection) =>
    commands.flatMap((command) =>
      (['explicit', 'implicit'] as const).map((mode) => [command, protection, mode] as const),
    ),
  );

  it.each(combinations)('issues for %s with %s and %s confirmation', async (command, protection, mode) => {
    const result = await enrol(
      command,
      'pkix/',
      ...protect(protection),
      ...(mode === 'implicit' ? ['-implicit_confirm'] : []),
    );
    expect(result).toMatchObject({ code: 0 });
    await verifyIssued();
    expect(lastState()).toBe(mode === 'implicit' ? 'implicitlyConfirmed' : 'confirmed');
    const names = await openssl('x509', '-in', file('out.pem'), '-noout', '-ext', 'subjectAltName,keyUsage');
    expect(names.output).toContain('DNS:workload.demo.svc');
    expect(names.output).toContain('Digital Signature');
  });

  it.each(protections)('lets the client poll (%s)', async (protection) => {
    ca.behaviours.set('poll-at-once', {
      polling: { polls: 2, checkAfterSeconds: 0, reason: 'an officer looks at it' },
    });
    const before = ca.ledger.messages['pollReq'] ?? 0;
    expect(await enrol('ir', 'cmp/poll-at-once', ...protect(protection))).toMatchObject({ code: 0 });
    await verifyIssued();
    expect((ca.ledger.messages['pollReq'] ?? 0) - before).toBe(3);
  });

  it('sends two independent roots in caPubs on demand', async () => {
    expect(await enrol('ir', 'cmp/two-roots', ...protect('PBM'), '-cacertsout', file('capubs.pem'))).toMatchObject({
      code: 0,
    });
    const sent = readFileSync(file('capubs.pem'), 'utf8');
    expect(sent.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)).toEqual(ca.roots);
  });

  it.each([
    ['PBM with SHA-1 throughout', ['-digest', 'sha1', '-mac', 'hmac-sha1', '-popo', '0']],
    ['PBM with SHA-256 throughout', ['-digest', 'sha256', '-mac', 'hmacWithSHA256']],
    ['raVerified', ['-popo', '0']],
    ['a wanted lifetime', ['-days', '30']],
  ])('accepts %s', async (_name, options) => {
    expect(await enrol('ir', 'pkix/', ...protect('PBM'), ...options)).toMatchObject({ code: 0 });
    await verifyIssued();
  });

  it.each([
    ['a missing proof of possession', 'pkix/', ['-popo', '-1'], 'badPOP'],
    ['a signature with SHA-1', 'pkix/', ['-digest', 'sha1', '-unprotected_errors'], 'badMessageCheck'],
    ['raVerified where it is not accepted', 'cmp/strict-pop', ['-popo', '0'], 'badPOP'],
    [
      'whatever it is told to reject',
      'cmp/reject-bad-cert-template',
      [],
      'refused by the sandbox CA with badCertTemplate',
    ],
    ['with an error message', 'cmp/error', [], 'the CA is out of order'],
    ['with an unprotected error message', 'cmp/error-unprotected', ['-unprotected_errors'], 'the CA is out of order'],
  ])('refuses %s', async (_name, path, options, text) => {
    const result = await enrol('ir', path, ...protect('signature'), ...options);
    expect(result).toMatchObject({ code: 1, output: expect.stringContaining(text) });
    expect(existsSync(file('out.pem'))).toBe(false);
  });

  it('refuses a wrong secret and an unknown reference value', async () => {
    const issued = ca.ledger.certificates.length;
    for (const [reference, secret] of [
      [ca.credentials.reference, 'not the secret'],
      ['nobody', ca.credentials.secret],
    ] as const) {
      const result = await enrol('ir', 'pkix/', '-ref', reference, '-secret', `pass:${secret}`, '-unprotected_errors');
      expect(result).toMatchObject({ code: 1, output: expect.stringContaining('badMessageCheck') });
    }
    expect(ca.ledger.certificates).toHaveLength(issued);
  });

  it('refuses a client certificate from another hierarchy', async () => {
    const rogue = ['-cert', file('rogue.pem'), '-key', file('rogue.key'), '-untrusted', file('rogue-chain.pem')];
    const result = await enrol('ir', 'pkix/', ...rogue, '-unprotected_errors');
    expect(result).toMatchObject({ code: 1, output: expect.stringContaining('signerNotTrusted') });
  });

  it.each([
    ['message-unprotected', 'missing protection'],
    ['message-bad-protection', 'error validating protection'],
    ['message-untrusted-signer', 'error validating protection'],
    ['message-wrong-recip-nonce', 'recipnonce unmatched'],
    ['message-wrong-transaction-id', 'transactionid unmatched'],
    ['message-wrong-cert-req-id', 'certresponse not found'],
    ['message-wrong-body-type', 'unexpected pkibody'],
    ['message-old-pvno', 'unexpected pvno'],
    ['status-accepted-without-certificate', 'certificate not found'],
    ['status-two-responses', 'multiple responses not supported'],
    ['error-instead-of-pkiconf', 'the confirmation could not be stored'],
    ['http-503', 'transfer error'],
    ['http-truncated-message', 'transfer error'],
    ['http-reset', 'transfer error'],
  ])('spoils its answers so that openssl notices: %s', async (behaviour, text) => {
    const result = await enrol('ir', `cmp/${behaviour}`, ...protect('signature'));
    expect(result).toMatchObject({ code: 1, output: expect.stringContaining(text) });
    expect(existsSync(file('out.pem'))).toBe(false);
  });

  it('is told when the client rejects a certificate for another key', async () => {
    expect(await enrol('ir', 'cmp/certificate-wrong-key', ...protect('PBM'))).toMatchObject({ code: 1 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('public key in new certificate does not match'),
    });
  });

  const ask = (path: string, protection: Protection, ...what: readonly string[]): Promise<OpensslResult> => {
    const server = ['-server', ca.url, '-path', path, '-recipient', ca.caNameSlashed, '-trusted', file('root.pem')];
    return openssl('cmp', '-config', '', '-batch', ...server, ...protect(protection), '-msg_timeout', '10', ...what);
  };

  it.each(protections)('revokes, and says so the second time (%s)', async (protection) => {
    expect(await enrol('ir', 'pkix/', ...protect(protection))).toMatchObject({ code: 0 });
    const revoke = ['-cmd', 'rr', '-oldcert', file('out.pem'), '-revreason', '4'];
    expect(await ask('pkix/', protection, ...revoke)).toMatchObject({
      code: 0,
      output: expect.stringContaining('revocation accepted'),
    });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'revoked', reason: 'reason 4' });
    expect(await ask('pkix/', protection, ...revoke)).toMatchObject({
      code: 1,
      output: expect.stringContaining('certRevoked'),
    });
  });

  /** With the old certificate and its key, which is the only one that this client can sign an update with. */
  const update = (path: string, ...more: readonly string[]): Promise<OpensslResult> =>
    openssl(
      ...['cmp', '-config', '', '-batch', '-cmd', 'kur', '-server', ca.url, '-path', path],
      ...['-recipient', ca.caNameSlashed, '-trusted', file('root.pem'), '-untrusted', file('issuing.pem')],
      ...['-cert', file('out.pem'), '-key', join(fixtures, 'p256.key'), '-oldcert', file('out.pem')],
      ...['-newkey', join(fixtures, 'p384.key'), '-certout', file('updated.pem'), '-msg_timeout', '10', ...more],
    );

  it.each(protections)('updates a certificate, and refuses once it is revoked (%s at first)', async (protection) => {
    expect(await enrol('ir', 'pkix/', ...protect(protection))).toMatchObject({ code: 0 });
    expect(await update('pkix/')).toMatchObject({ code: 0 });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ body: 'kur', state: 'confirmed' });
    const certified = await openssl('x509', '-in', file('updated.pem'), '-noout', '-pubkey');
    const own = await openssl('pkey', '-in', join(fixtures, 'p384.key'), '-pubout');
    expect(certified.output).toBe(own.output);
    const revoke = ['-cmd', 'rr', '-oldcert', file('out.pem'), '-revreason', '4'];
    expect(await ask('pkix/', protection, ...revoke)).toMatchObject({ code: 0 });
    expect(await update('pkix/')).toMatchObject({ code: 1, output: expect.stringContaining('certRevoked') });
  });

  it.each(['certificate-wrong-key', 'certificate-untrusted-issuer', 'message-wrong-body-type'])(
    'spoils kup so that openssl notices: %s',
    async (fault) => {
      expect(await enrol('ir', 'pkix/', ...protect('PBM'))).toMatchObject({ code: 0 });
      const trust = ['-out_trusted', file('root.pem')];
      expect(await update(`cmp/${fault}`, ...trust)).toMatchObject({ code: 1 });
    },
  );

  it.each(['revocation-other-serial', 'revocation-two-statuses'])(
    'spoils rp so that openssl notices: %s',
    async (fault) => {
      expect(await enrol('ir', 'pkix/', ...protect('PBM'))).toMatchObject({ code: 0 });
      expect(
        await ask(`cmp/${fault}`, 'PBM', '-cmd', 'rr', '-oldcert', file('out.pem'), '-revreason', '4'),
      ).toMatchObject({
        code: 1,
      });
    },
  );

  it.each(
    protections.flatMap((protection) => ['caCerts', 'signKeyPairTypes'].map((type) => [type, protection] as const)),
  )('answers genm about %s (%s)', async (type, protection) => {
    expect(await ask('pkix/', protection, '-cmd', 'genm', '-infotype', type)).toMatchObject({
      code: 0,
      output: expect.stringContaining(type),
    });
  });

  it('announces modifications', async () => {
    const result = await enrol('ir', 'cmp/granted-with-mods', ...protect('PBM'));
    expect(result).toMatchObject({ code: 0, output: expect.stringContaining('grantedWithMods') });
    const names = await openssl('x509', '-in', file('out.pem'), '-noout', '-ext', 'subjectAltName');
    expect(names.output).toContain('DNS:workload.demo.svc, DNS:added.by.the.ca.example');
  });
});

describe('openssl cmp over HTTPS', () => {
  it('reaches the sandbox CA by its own TLS root', async () => {
    const ca = await startSandboxCa({ tls: true });
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-ca-'));
    try {
      const tlsRoot = join(folder, 'tls-root.pem');
      const root = join(folder, 'root.pem');
      writeFileSync(tlsRoot, ca.tlsRootPem ?? '');
      writeFileSync(root, ca.rootPem);
      const result = await openssl(
        ...['cmp', '-config', '', '-batch', '-cmd', 'p10cr', '-csr', join(fixtures, 'rsa2048.csr')],
        ...['-server', `${ca.url}/pkix/`, '-tls_used', '-tls_trusted', tlsRoot, '-trusted', root],
        ...['-ref', ca.credentials.reference, '-secret', `pass:${ca.credentials.secret}`],
        ...['-recipient', ca.caNameSlashed, '-certout', join(folder, 'out.pem')],
      );
      expect(result).toMatchObject({ code: 0 });
      expect(ca.ledger.certificates).toHaveLength(1);
    } finally {
      await ca.close();
      rmSync(folder, { recursive: true });
    }
  });
});
