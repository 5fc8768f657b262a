import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addConnectionOptions, type ConnectionFlags, connectionConfig } from '../../../../src/cli/direct/flags.js';
import { EXIT } from '../../../../src/cli/exit.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { text } from '../../cmp/support/fixture.js';

const file = (name: string) => join(packageRoot(), 'fixtures', 'cmp', 'pki', name);

/** The flags as the command line gives them. */
function parsed(...more: readonly string[]): ConnectionFlags {
  const base = ['--server', 'https://one.test/', '--recipient', 'CN=CA', '--trusted', file('root.crt')];
  const command = addConnectionOptions(new Command('test')).exitOverride();
  return command.parse([...base, ...more], { from: 'user' }).opts();
}

const BY_SECRET = ['--ref', 'r', '--secret-file', file('root.crt')];
const BY_SIGNATURE = ['--cert', file('ra-p256.crt'), '--cert-key', file('ra-p256.key')];

describe('the flags of a connection', () => {
  it('have good defaults', () => {
    expect(connectionConfig(parsed(...BY_SECRET))).toMatchObject({
      endpoints: [{ url: 'https://one.test/' }],
      profile: 'default',
      protection: { type: 'mac', scheme: 'PBM', reference: 'r' },
      responseProtection: 'AllowSignature',
      limits: { connectTimeoutMs: 10_000, requestTimeoutMs: 60_000, maxPollingMs: 3_600_000 },
    });
  });

  it('name several servers in order, each with the same TLS and proxy', () => {
    const tls = [
      '--tls-ca',
      file('tls-ca.crt'),
      '--tls-cert',
      file('tls-client.crt'),
      '--tls-key',
      file('tls-client.key'),
    ];
    const { endpoints } = connectionConfig(
      parsed(...BY_SECRET, '--server', 'https://two.test/', ...tls, '--proxy', 'http://proxy.test:3128'),
    );
    const common = {
      tlsCaPem: text('tls-ca.crt'),
      clientCertPem: text('tls-client.crt'),
      clientKeyPem: text('tls-client.key'),
      proxy: 'http://proxy.test:3128',
    };
    expect(endpoints).toEqual([
      { url: 'https://one.test/', ...common },
      { url: 'https://two.test/', ...common },
    ]);
  });

  it('choose PBMAC1, a signature with its chain, an expected signer', () => {
    expect(connectionConfig(parsed(...BY_SECRET, '--mac', 'pbmac1')).protection).toMatchObject({ scheme: 'PBMAC1' });
    const chain = ['--cert-chain', file('issuing.crt')];
    expect(connectionConfig(parsed(...BY_SIGNATURE, ...chain)).protection).toMatchObject({
      certificatesPem: text('ra-p256.crt') + text('issuing.crt'),
    });
    const pinned = (signer: string) =>
      connectionConfig(parsed(...BY_SECRET, '--expected-signer', signer)).expectedSigner;
    expect(pinned('AB'.repeat(32))).toBe('AB'.repeat(32));
    expect(pinned(file('server.crt'))).toBe(text('server.crt'));
  });

  it.each<[readonly string[], string, number]>([
    [[], 'our messages must be protected', EXIT.usage],
    [['--ref', 'r'], 'our messages must be protected', EXIT.usage],
    [['--cert', 'x'], 'our messages must be protected', EXIT.usage],
    [[...BY_SECRET, ...BY_SIGNATURE], 'not both', EXIT.usage],
    [[...BY_SECRET, '--tls-cert', 'x'], 'belong together', EXIT.usage],
    [[...BY_SECRET, '--tls-key', 'x'], 'belong together', EXIT.usage],
    [[...BY_SECRET, '--expected-signer', 'abab'], '--expected-signer: cannot read abab', EXIT.environment],
  ])('cannot be %j', (options, message, exitCode) => {
    expect(() => connectionConfig(parsed(...options))).toThrow(
      expect.objectContaining({ exitCode, message: expect.stringContaining(message) }),
    );
  });
});
