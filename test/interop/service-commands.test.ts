import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { runCommand } from '../support/command.js';
import {
  BY_SECRET,
  BY_SIGNATURE,
  type OpensslServer,
  REFERENCE,
  SECRET,
  startOpensslServer,
} from './support/openssl-server.js';

const fixture = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);

let folder: string;
const file = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-commands-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('against the server of openssl cmp', () => {
  let server: OpensslServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const run = (command: string, protection: 'secret' | 'signature', ...more: readonly string[]) => {
    writeFileSync(file('secret'), SECRET);
    const credential =
      protection === 'secret'
        ? ['--ref', REFERENCE, '--secret-file', file('secret')]
        : [
            ...['--cert', fixture('ra-p256.crt'), '--cert-key', fixture('ra-p256.key')],
            ...['--cert-chain', fixture('issuing.crt')],
          ];
    const server_ = ['--server', server?.url ?? '', '--recipient', 'CN=Test Issuing CA,O=CMP Test'];
    return runCommand(command, ...server_, '--trusted', fixture('root.crt'), ...credential, ...more);
  };

  it.each(['secret', 'signature'] as const)('revoke, protected by %s', async (protection) => {
    server = await startOpensslServer(...(protection === 'secret' ? BY_SECRET : BY_SIGNATURE));
    const certificate = ['--certificate', fixture('new.crt'), '--reason', 'superseded'];
    const result = await run('revoke', protection, ...certificate, '--record', file('record'));
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(
      /^revoked: serial [0-9a-f]+, issued by "CN=Test Issuing CA,O=CMP Test"; reason superseded/,
    );
    expect(readdirSync(file('record')).sort()).toEqual(['01-request-rr.der', '01-response-rp.der']);
  });

  it('revoke by issuer and serial number, reporting in JSON', async () => {
    server = await startOpensslServer(...BY_SECRET);
    const text = execFileSync('openssl', ['x509', '-in', fixture('new.crt'), '-noout', '-serial']).toString();
    const serial = text.trim().replace('serial=', '');
    const named = ['--issuer', '/O=CMP Test/CN=Test Issuing CA', '--serial', serial, '--output', 'json'];
    const { exitCode, stdout } = await run('revoke', 'secret', ...named);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      serial: serial.toLowerCase(),
      already: false,
      reason: 'unspecified',
      protection: 'PasswordBasedMac',
      notes: [],
    });
  });

  it('revoke ends with 1 when the CA does not know the certificate', async () => {
    server = await startOpensslServer(...BY_SECRET);
    const result = await run('revoke', 'secret', '--certificate', fixture('bystander.crt'));
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error: CA rejected the request/) });
  });

  it.each(['secret', 'signature'] as const)(
    'cacerts, which this server knows nothing about, protected by %s',
    async (by) => {
      server = await startOpensslServer(...(by === 'secret' ? BY_SECRET : BY_SIGNATURE));
      const result = await run('cacerts', by);
      expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: 'the CA hands out no CA certificates\n' });
    },
  );
});

describe('against the sandbox CA', () => {
  let ca: SandboxCa;
  beforeEach(async () => {
    ca = await startSandboxCa();
    writeFileSync(file('root.pem'), ca.rootPem);
    writeFileSync(file('secret'), ca.credentials.secret);
  });
  afterEach(() => ca.close());

  const run = (command: string, behaviour: string, ...more: readonly string[]) =>
    runCommand(
      ...[command, '--server', `${ca.url}/cmp/${behaviour}`, '--recipient', ca.caName, '--trusted', file('root.pem')],
      ...['--ref', ca.credentials.reference, '--secret-file', file('secret'), ...more],
    );
  const enroll = (...more: readonly string[]) =>
    run('enroll', '', '--cmd', 'ir', '--csr', fixture('new.csr'), '--out', file('chain.pem'), ...more);

  it('revoke waits, says that it does, and a second time finds it done', async () => {
    await enroll();
    const waited = await run('revoke', 'poll', '--certificate', file('chain.pem'), '--reason', 'keyCompromise');
    expect(waited).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('the CA says wait: an operator') });
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ state: 'revoked', reason: 'reason 1' });
    const again = await run('revoke', '', '--certificate', file('chain.pem'));
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^already revoked: serial /) });
  });

  it('revoke is not taken in by an answer about another certificate', async () => {
    await enroll();
    const result = await run('revoke', 'revocation-other-serial', '--certificate', file('chain.pem'));
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('another certificate') });
  });

  it('enroll and revoke with PBMAC1', async () => {
    expect(await enroll('--mac', 'pbmac1')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('PBMAC1') });
    const result = await run('revoke', '', '--certificate', file('chain.pem'), '--mac', 'pbmac1');
    expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('PBMAC1') });
  });

  it('goes on to the next server when one cannot be reached', async () => {
    const dead = await startSandboxCa();
    await dead.close();
    const result = await runCommand(
      ...['cacerts', '--server', `${dead.url}/cmp/`, '--server', `${ca.url}/cmp/`, '--recipient', ca.caName],
      ...['--trusted', file('root.pem'), '--ref', ca.credentials.reference, '--secret-file', file('secret')],
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('trust anchor') });
  });

  it('cacerts writes what the CA hands out and says how it stands to the trust', async () => {
    const result = await run('cacerts', '', '--out', file('cas.pem'), '--root-updates', file('new-roots.pem'));
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(readFileSync(file('cas.pem'), 'utf8')).toBe([ca.chainPem, ...ca.roots].join(''));
    expect(result.stderr).toMatch(/chains to trust +[0-9a-f]{64} +CN=Sandbox Issuing CA/);
    expect(result.stderr).toMatch(/trust anchor +[0-9a-f]{64} +CN=Sandbox Root/);
    expect(result.stderr).toMatch(/not trusted +[0-9a-f]{64} +CN=Sandbox Second Root/);
    expect(result.stderr).toContain('nobody trusts it before you add it');
    const newRoot = execFileSync('openssl', [
      'x509',
      '-in',
      file('new-roots.pem'),
      '-noout',
      '-subject',
      '-nameopt',
      'RFC2253',
    ]);
    expect(newRoot.toString()).toBe('subject=CN=Sandbox Root,O=CMP Sandbox\n');
  });

  it('cacerts reports in JSON, and a root update that does not hold ends with 1', async () => {
    const { stdout } = await run('cacerts', 'no-root-update', '--root-updates', file('none.pem'), '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      caCerts: [{ trust: 'chains to trust' }, { trust: 'trust anchor' }, { trust: 'not trusted' }],
      rootUpdates: [{ successor: null }],
    });
    const forged = await run('cacerts', 'root-update-new-with-old-by-stranger', '--root-updates', '-');
    expect(forged).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('newWithOld is not signed'),
    });
  });

  it('template prints names and keys', async () => {
    const text = await run('template', '');
    expect(text).toMatchObject({
      exitCode: 0,
      stdout: 'certTemplate:\n  subject: CN=,O=CMP Sandbox\nkeys:\n  - P-256\n',
    });
    const json = await run('template', '', '--output', 'json');
    expect(JSON.parse(json.stdout)).toEqual({ certTemplate: { subject: 'CN=,O=CMP Sandbox' }, keys: ['P-256'] });
    const none = await run('template', 'support-no-value', '--output', 'json');
    expect(none).toMatchObject({ exitCode: 0, stdout: 'null\n', stderr: expect.stringContaining('says nothing') });
  });

  it('goes over TLS with a certificate of the client, and not without knowing the server', async () => {
    const secure = await startSandboxCa({ tls: true });
    try {
      const { certificatePem, chainPem, keyPem } = await secure.issueClientCertificate('client');
      writeFileSync(file('root.pem'), secure.rootPem);
      writeFileSync(file('secret'), secure.credentials.secret);
      writeFileSync(file('tls-ca.pem'), secure.tlsRootPem ?? '');
      writeFileSync(file('tls.pem'), certificatePem + chainPem);
      writeFileSync(file('tls.key'), keyPem);
      const ask = (...more: readonly string[]) =>
        runCommand(
          ...['cacerts', '--server', `${secure.url}/cmp/`, '--recipient', secure.caName, '--trusted', file('root.pem')],
          ...['--ref', secure.credentials.reference, '--secret-file', file('secret'), ...more],
        );
      const client = ['--tls-cert', file('tls.pem'), '--tls-key', file('tls.key')];
      expect(await ask('--tls-ca', file('tls-ca.pem'), ...client)).toMatchObject({ exitCode: 0 });
      expect(await ask(...client)).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/TLS/) });
    } finally {
      await secure.close();
    }
  });

  it('a pinned signer is told apart from others', async () => {
    const { certificatePem, chainPem, keyPem } = await ca.issueClientCertificate('ra');
    for (const [name, text] of Object.entries({
      cert: certificatePem,
      chain: chainPem,
      key: keyPem,
      signer: ca.signerPem,
    })) {
      writeFileSync(file(name), text);
    }
    const pinned = (expected: string) =>
      runCommand(
        ...['cacerts', '--server', `${ca.url}/cmp/`, '--recipient', ca.caName, '--trusted', file('root.pem')],
        ...['--cert', file('cert'), '--cert-key', file('key'), '--cert-chain', file('chain')],
        ...['--expected-signer', expected],
      );
    expect(await pinned(file('signer'))).toMatchObject({ exitCode: 0 });
    const other = await pinned(Array(32).fill('AB').join(':'));
    expect(other).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('the configured signer is abab') });
  });

  it.each([
    ['revoke', ['--reason', 'boredom'], "argument 'boredom' is invalid"],
    ['cacerts', ['--out', '-', '--root-updates', '-'], 'cannot both be standard output'],
  ])('%s with %j is wrong usage', async (command, options, message) => {
    const result = await run(command, '', ...options);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  });
});
