import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { runCommand } from '../support/command.js';
import { ForwardProxy } from '../support/forward-proxy.js';

// What the commands that talk to a CA have in common: the way to it, and how messages are wrapped and bounded.

const fixture = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);

let folder: string;
let ca: SandboxCa;
const file = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'connection-commands-'));
  ca = await startSandboxCa();
  writeFileSync(file('root.pem'), ca.rootPem);
  writeFileSync(file('secret'), ca.credentials.secret);
});
afterEach(async () => {
  await ca.close();
  rmSync(folder, { recursive: true });
});

const run = (command: string, behaviour: string, ...more: readonly string[]) =>
  runCommand(
    ...[command, '--server', `${ca.url}/cmp/${behaviour}`, '--recipient', ca.caName, '--trusted', file('root.pem')],
    ...['--ref', ca.credentials.reference, '--secret-file', file('secret'), ...more],
  );

const enrolled = (cmd: string, ...more: readonly string[]) =>
  run('enroll', '', '--cmd', cmd, '--csr', fixture('new.csr'), '--out', file('chain.pem'), ...more);

it.each([
  ['enroll', ['--cmd', 'p10cr', '--csr', fixture('new.csr'), '--out', '-']],
  ['cacerts', []],
  ['template', []],
  ['doctor', []],
])('%s goes through a proxy that wants to know who we are, and records what it says', async (command, more) => {
  const proxy = await ForwardProxy.start({ credentials: 'me:p@ss' });
  try {
    const through = ['--proxy', proxy.url('me', 'p@ss'), '--record', file('record'), ...more];
    expect(await run(command, '', ...through)).toMatchObject({ exitCode: 0 });
    expect(proxy.asked).toContain(`POST ${ca.url}/cmp/`);
    expect(readdirSync(file('record')).length).toBeGreaterThanOrEqual(2);
  } finally {
    await proxy.stop();
  }
});

it.each(['cacerts', 'doctor'])('%s says so when the proxy wants somebody else', async (command) => {
  const proxy = await ForwardProxy.start({ credentials: 'me:p@ss' });
  try {
    const refused = await run(command, '', '--proxy', proxy.url('me', 'hush'));
    expect(refused.exitCode).toBe(3);
    expect(refused.stdout + refused.stderr).toContain('407');
    expect(refused.stdout + refused.stderr).not.toMatch(/hush/);
  } finally {
    await proxy.stop();
  }
});

it('enroll sends the original of a request along', async () => {
  const recorded = ['--record', file('record')];
  expect(await enrolled('p10cr', ...recorded)).toMatchObject({ exitCode: 0 });
  const original = ['--original', join(file('record'), '01-request-p10cr.der')];
  const wanted = ['--cmd', 'cr', '--csr', fixture('new.csr'), '--out', '-'];
  expect(await run('enroll', 'original-pop', ...wanted)).toMatchObject({ exitCode: 1 });
  const shown = await run('enroll', 'original-pop', ...wanted, ...original, '--record', file('again'));
  expect(shown.exitCode).toBe(0);
  const inspected = await runCommand('inspect', join(file('again'), '01-request-cr.der'));
  expect(inspected.stdout).toMatch(/origPKIMessage[\s\S]*type: p10cr/);
  const nothing = await run('enroll', '', ...wanted, '--original', join(file('record'), '02-request-certConf.der'));
  expect(nothing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('asks for no certificate') });
});

it('messages travel in the envelope of an RA, with a MAC as told', async () => {
  const { certificatePem, chainPem, keyPem } = await ca.issueClientCertificate('ra');
  writeFileSync(file('ra.pem'), certificatePem + chainPem);
  writeFileSync(file('ra.key'), keyPem);
  const nested = ['--nested-cert', file('ra.pem'), '--nested-key', file('ra.key'), '--record', file('record')];
  const made = ['--owf', 'sha512', '--hmac', 'sha384', '--iterations', '1200', '--cert-profile', 'tls'];
  expect(await enrolled('ir', ...nested, ...made)).toMatchObject({ exitCode: 0 });
  expect(readdirSync(file('record')).sort()).toEqual([
    '01-request-nested.der',
    '01-response-nested.der',
    '02-request-nested.der',
    '02-response-nested.der',
  ]);
  const inspected = await runCommand('inspect', join(file('record'), '01-request-nested.der'));
  expect(inspected.stdout).toContain('PasswordBasedMac: SHA-512, 1200 iterations, HMAC-SHA-384');
  expect(inspected.stdout).toMatch(/certProfile[\s\S]*- tls/);
});

it('answers are held to limits', async () => {
  const elements = await run('cacerts', '', '--limit', 'maxElements=1000', '--limit', 'maxDepth=20');
  expect(elements).toMatchObject({ exitCode: 0 });
  const late = await run('cacerts', 'message-stale-message-time', '--message-time-tolerance', '60');
  expect(late).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('messageTime is') });
  expect(await run('cacerts', 'message-stale-message-time')).toMatchObject({ exitCode: 0 });
  const wrong = await run('cacerts', '', '--limit', 'maxDepth=5');
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('from 20 to 100') });
});
