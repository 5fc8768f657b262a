import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addConnectionOptions, type ConnectionFlags, connectionConfig } from '../../../../src/cli/direct/flags.js';
import { parseLimit } from '../../../../src/cli/direct/limit-flag.js';
import { EXIT } from '../../../../src/cli/exit.js';
import { ANSWER_LIMIT_NAMES, ANSWER_LIMITS } from '../../../../src/cmp/index.js';
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

  it('say how the MAC is made', () => {
    expect(connectionConfig(parsed(...BY_SECRET)).protection).not.toHaveProperty('owf');
    const chosen = ['--owf', 'sha512', '--hmac', 'sha384', '--iterations', '2000'];
    expect(connectionConfig(parsed(...BY_SECRET, ...chosen)).protection).toMatchObject({
      owf: 'SHA512',
      mac: 'HMAC-SHA384',
      iterations: 2_000,
    });
  });

  it('put our messages into an envelope', () => {
    const nested = ['--nested-cert', file('ra-p256.crt'), '--nested-key', file('ra-p256.key')];
    expect(connectionConfig(parsed(...BY_SECRET, ...nested))).toMatchObject({
      protection: { type: 'mac' },
      nested: { type: 'signature', certificatesPem: text('ra-p256.crt'), privateKeyPem: text('ra-p256.key') },
    });
  });

  it('bound answers', () => {
    const usual = connectionConfig(parsed(...BY_SECRET));
    expect(usual).not.toHaveProperty('answerLimits');
    expect(usual).not.toHaveProperty('messageTimeToleranceMs');
    expect(usual).not.toHaveProperty('ignoreKeyUsage');
    const bounds = [
      ...['--connect-timeout', '3', '--timeout', '30', '--max-response', '4096', '--message-time-tolerance', '60'],
      ...['--limit', 'maxElements=20000', '--limit', 'maxPathLength=3', '--ignore-key-usage'],
    ];
    expect(connectionConfig(parsed(...BY_SECRET, ...bounds))).toMatchObject({
      messageTimeToleranceMs: 60_000,
      ignoreKeyUsage: true,
      answerLimits: { maxElements: 20_000, maxPathLength: 3 },
      limits: { connectTimeoutMs: 3_000, requestTimeoutMs: 30_000, maxResponseBytes: 4_096 },
    });
  });

  it.each(ANSWER_LIMIT_NAMES)('take the limit %s at its bounds and nothing beyond', (name) => {
    const { least, most } = ANSWER_LIMITS[name];
    for (const value of [least, most]) {
      expect(connectionConfig(parsed(...BY_SECRET, '--limit', `${name}=${value}`)).answerLimits).toEqual({
        [name]: value,
      });
    }
    for (const value of [least - 1, most + 1]) {
      expect(() => parseLimit(`${name}=${value}`)).toThrow(`${name} is a whole number from ${least} to ${most}`);
    }
  });

  it.each(['', 'maxElements', 'maxElements=', 'maxElements=x', 'maxElements=1e4', 'others=1', '=5'])(
    'know no limit "%s"',
    (text) => expect(() => parseLimit(text)).toThrow(/the limits are|is a whole number/),
  );

  it.each<[readonly string[], string, number]>([
    [[...BY_SECRET, '--nested-cert', 'x'], 'belong together', EXIT.usage],
    [[...BY_SECRET, '--nested-key', 'x'], 'belong together', EXIT.usage],
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
