import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../src/cmp/message.js';
import { DEFAULT_PBM_POLICY, readPbmParameters } from '../../src/cmp/protection/index.js';
import { packageRoot } from '../../src/runtime/package-root.js';
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

let server: OpensslServer | undefined;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enroll-'));
  // As `echo` would write it: the line end is no part of the secret.
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const bySecret = () => ['--ref', REFERENCE, '--secret-file', join(folder, 'secret')];
const bySignature = () => [
  ...['--cert', fixture('ra-p256.crt'), '--cert-key', fixture('ra-p256.key'), '--cert-chain', fixture('issuing.crt')],
];

function enroll(cmd: string, ...more: readonly string[]) {
  return runCommand(
    ...['enroll', '--server', server?.url ?? '', '--cmd', cmd, '--csr', fixture('new.csr')],
    ...['--recipient', 'CN=Test Issuing CA,O=CMP Test', '--trusted', fixture('root.crt')],
    ...['--out', join(folder, 'chain.pem'), ...more],
  );
}

/** The verdict of openssl, which knows nothing of ours. */
function opensslVerifies(): void {
  const chain = join(folder, 'chain.pem');
  execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', fixture('root.crt'), '-untrusted', chain, chain]);
  const [leaf] = readFileSync(chain, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/);
  const publicKey = (args: string[], input: string) => execFileSync('openssl', args, { input }).toString();
  expect(publicKey(['x509', '-noout', '-pubkey'], leaf ?? '')).toBe(
    publicKey(['req', '-noout', '-pubkey'], readFileSync(fixture('new.csr'), 'utf8')),
  );
}

describe('gets a certificate from the server of openssl cmp', () => {
  it.each([
    ['ir', 'a shared secret'],
    ['cr', 'a shared secret'],
    ['p10cr', 'a shared secret'],
    ['ir', 'signatures'],
    ['cr', 'signatures'],
    ['p10cr', 'signatures'],
  ])('with %s, protected by %s', async (cmd, protection) => {
    const secret = protection === 'a shared secret';
    server = await startOpensslServer(...(secret ? BY_SECRET : BY_SIGNATURE));
    const result = await enroll(cmd, ...(secret ? bySecret() : bySignature()));
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain(`; ${cmd}, `);
    opensslVerifies();
  });

  it.each([
    ['default', 'sha256'],
    ['insta-ncm', 'sha1'],
    ['entrust-3gpp', 'sha256'],
    ['openssl-test', 'sha256'],
  ])('as the profile %s has it, with HMAC-%s', async (profile, mac) => {
    server = await startOpensslServer(...BY_SECRET);
    const record = join(folder, 'messages');
    const result = await enroll('ir', ...bySecret(), '--profile', profile, '--record', record);
    expect(result).toMatchObject({ exitCode: 0 });
    opensslVerifies();
    const { protectionAlg } = decodeMessage(readFileSync(join(record, '01-request-ir.der'))).header;
    if (protectionAlg === undefined) throw new Error('the request is not protected');
    expect(readPbmParameters(protectionAlg.value, DEFAULT_PBM_POLICY)).toMatchObject({ mac });
  });

  it('with proof of possession by signature, recording every message', async () => {
    server = await startOpensslServer(...BY_SECRET);
    const record = join(folder, 'record');
    const more = ['--popo', 'signature', '--key', fixture('new.key'), '--record', record];
    expect(await enroll('ir', ...bySecret(), ...more)).toMatchObject({ exitCode: 0 });
    expect(readdirSync(record).sort()).toEqual([
      '01-request-ir.der',
      '01-response-ip.der',
      '02-request-certConf.der',
      '02-response-pkiconf.der',
    ]);
    const shown = await runCommand('inspect', join(record, '01-request-ir.der'), '--output', 'json');
    expect(JSON.parse(shown.stdout).body[0].popo).toEqual({ signature: 'ECDSA with SHA-256' });
  });

  it('with implicit confirmation, reporting in JSON and writing the CAs', async () => {
    server = await startOpensslServer(...BY_SECRET, '-grant_implicitconf');
    const caOut = join(folder, 'ca.pem');
    const result = await enroll('ir', ...bySecret(), '--implicit-confirm', '--output', 'json', '--ca-out', caOut);
    expect(JSON.parse(result.stdout)).toMatchObject({ body: 'ir', confirmation: 'implicit', cas: 1 });
    expect(readFileSync(caOut, 'utf8').trim()).toBe(readFileSync(fixture('root.crt'), 'utf8').trim());
  });

  it('that lets it wait', async () => {
    server = await startOpensslServer(...BY_SECRET, '-poll_count', '2', '-check_after', '1');
    const result = await enroll('ir', ...bySecret());
    expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('the CA says wait') });
    opensslVerifies();
  });
});

describe('ends with the right exit code and a message that helps', () => {
  it('1 when the CA rejects the request', async () => {
    server = await startOpensslServer(
      ...BY_SECRET,
      '-pkistatus',
      '2',
      '-failure',
      '19',
      '-statusstring',
      'not for you',
    );
    const result = await enroll('ir', ...bySecret());
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toMatch(/^error: CA rejected the request: badCertTemplate "not for you"/);
  });

  it('3 when the secret is wrong', async () => {
    server = await startOpensslServer(...BY_SECRET);
    writeFileSync(join(folder, 'secret'), 'another secret');
    const result = await enroll('ir', ...bySecret());
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toMatch(/secret/);
    expect(result.stderr).not.toContain('another secret');
  });

  it('3 when nobody listens', async () => {
    server = await startOpensslServer(...BY_SECRET);
    await server.stop();
    const result = await enroll('p10cr', ...bySecret());
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/ECONNREFUSED|refused/i) });
  });

  it.each([
    ['an option that is missing', ['enroll'], "required option '--server <url>' not specified"],
    ['no protection', [], 'our messages must be protected'],
    ['half a protection', ['--ref', 'x'], 'our messages must be protected'],
    ['both protections', ['--ref', 'x', '--secret-file', 'y', '--cert', 'z'], 'not both'],
    ['a proof without a key', ['--ref', 'x', '--secret-file', '/dev/null', '--popo', 'signature'], 'needs --key'],
  ])('2 for %s', async (_name, args, message) => {
    const base = ['--server', 'http://127.0.0.1:1/', '--cmd', 'ir', '--csr', fixture('new.csr')];
    const rest = ['--recipient', 'CN=x', '--trusted', fixture('root.crt'), '--out', '-'];
    const result = await runCommand(...(args[0] === 'enroll' ? args : ['enroll', ...base, ...rest, ...args]));
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  });

  it.each([
    ['--csr', 'no-such-file', 3, 'there is no such file'],
    ['--csr', fixture('new.crt'), 1, 'CERTIFICATE'],
    ['--trusted', fixture('new.csr'), 2, 'CERTIFICATE REQUEST'],
    ['--recipient', 'not a name', 2, 'recipient'],
    ['--server', 'ftp://ca.example.com/', 2, 'http'],
  ])('for %s %s', async (option, value, exitCode, message) => {
    const options = {
      '--server': 'http://127.0.0.1:1/',
      '--cmd': 'ir',
      '--csr': fixture('new.csr'),
      '--recipient': 'CN=x',
      '--trusted': fixture('root.crt'),
      '--out': '-',
      '--ref': REFERENCE,
      '--secret-file': join(folder, 'secret'),
      [option]: value,
    };
    const result = await runCommand('enroll', ...Object.entries(options).flat());
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(message) });
  });
});
