import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { runCommand } from '../support/command.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('demo', () => {
  it('ends every case as it must, and says so in a table', async () => {
    const { exitCode, stdout, stderr } = await runCommand('demo');
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^REQUEST +ISSUER +BODY +PROTECTION +RESULT +SERIAL +CHAIN +CAS +TIME$/m);
    expect(stdout).toMatch(/^two-roots +CMPv2Issuer\/two-roots +ir +PasswordBasedMac +Issued +[0-9a-f]+ +2 +2 /m);
    expect(stdout).toMatch(/^onap-sdnc-cert-1 +CMPv2Issuer\/cmpv2-issuer-onap +ir .* Issued +[0-9a-f]+ +2 +2 /m);
    expect(stdout).toContain('12 of 12 requests ended as they must');
  }, 60_000);
});

describe('sandbox', () => {
  it('writes a kubeconfig, tells where to find what, and stops at SIGTERM', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
    const child: ChildProcess = spawn(process.execPath, [
      command,
      'sandbox',
      '--port',
      '0',
      '--kubeconfig-out',
      kubeconfig,
    ]);
    const ended = once(child, 'exit');
    const lines: string[] = [];
    if (child.stdout === null) throw new Error('no standard output');
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith('Stop')) break;
    }
    expect(lines.join('\n')).toMatch(/^API server +https:\/\/127\.0\.0\.1:\d+/m);
    expect(lines.join('\n')).toMatch(/^CMP CA +http:\/\/127\.0\.0\.1:\d+\/pkix\/ +recipient "CN=/m);
    expect(readFileSync(kubeconfig, 'utf8')).toContain('kind: Config');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

describe('inspect', () => {
  const message = join(packageRoot(), 'fixtures', 'cmp', 'recorded', 'rej-ir.rsp.der');

  it('prints a message for people', async () => {
    const { exitCode, stdout } = await runCommand('inspect', message);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^type: ip$/m);
    expect(stdout).toMatch(/^ +failInfo:\n +- badCertTemplate$/m);
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await runCommand('inspect', message, '--output', 'json');
    expect(JSON.parse(stdout).body.response[0].status).toMatchObject({
      status: 'rejection',
      failInfo: ['badCertTemplate'],
    });
  });

  it.each([
    [
      'an octet too many',
      (der: Buffer) => Buffer.concat([der, Buffer.of(0)]),
      /at offset \d+: 1 octets after the end of the value/,
    ],
    [
      'a message cut short',
      (der: Buffer) => der.subarray(0, -1),
      /at offset 0: a length of \d+ octets where only \d+ are left/,
    ],
    ['PEM text', () => Buffer.from('-----BEGIN CMP-----\n'), /This is PEM text: convert it/],
  ])('refuses %s with the offset and the reason', async (_name, change, reason) => {
    const file = join(folder, 'message.der');
    writeFileSync(file, change(readFileSync(message)));
    const { exitCode, stderr } = await runCommand('inspect', file);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(reason);
  });
});

describe('help and usage', () => {
  it.each([[[]], [['controller']], [['sandbox']], [['demo']], [['enroll']], [['renew']], [['inspect']]])(
    '%j --help',
    async (args) => {
      const { exitCode, stdout } = await runCommand(...args, '--help');
      expect(exitCode).toBe(0);
      expect(stdout).toContain('Usage: cmpv2-issuer');
    },
  );

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['controller', '--workers', '0'], 'a whole number from 1 to 256'],
    [['controller', '--probes-address', 'nowhere'], 'give HOST:PORT'],
    [['controller', '--kubernetes-csrs', '--namespace', 'x'], 'leave out one of the two'],
    [['enroll', '--profile', 'somebody'], 'Allowed choices are default, ejbca, insta-ncm, entrust-3gpp, openssl-test'],
    [['sandbox', '--port', '99999', '--kubeconfig-out', 'x'], 'a port is a number from 0 to 65535'],
  ])('%j is a usage error', async (args, message) => {
    expect(await runCommand(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  });

  it('controller: a kubeconfig that is not there is no internal error', async () => {
    const result = await runCommand('controller', '--kubeconfig', join(folder, 'missing'));
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('cannot read the kubeconfig') });
  });
});
