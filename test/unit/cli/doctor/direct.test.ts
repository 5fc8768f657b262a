import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { examineDirect } from '../../../../src/cli/doctor/direct.js';
import type { Finding } from '../../../../src/cli/doctor/finding.js';
import { nameFlag } from '../../../../src/cli/doctor/flag-field.js';
import type { DirectBackendConfig } from '../../../../src/enrollment/direct-config.js';
import { parseName } from '../../../../src/pki/index.js';
import { type Clock, systemClock } from '../../../../src/runtime/clock.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { type ClientCertificate, type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { victimConfig } from '../../../support/victim.js';

let ca: SandboxCa;
let client: ClientCertificate;
beforeAll(async () => {
  ca = await startSandboxCa({
    behaviours: {
      protected: { authenticationErrors: 'protected' },
      silent: { rejection: { failInfo: ['badRequest'], statusString: 'no genm here' } },
      hearsay: { rejection: { failInfo: ['badRequest'] }, faults: { list: ['unprotected'] } },
    },
  });
  client = await ca.issueClientCertificate('registration authority');
});
afterAll(() => ca.close());

type Found = Readonly<Record<string, Finding>>;

/** With several endpoints the last one's findings. */
async function examine(config: DirectBackendConfig, clock: Clock = systemClock, enroll = false): Promise<Found> {
  const found: Record<string, Finding> = {};
  const examination = {
    clock,
    random: systemRandom,
    nameField: nameFlag,
    tell: ({ step, finding }: { readonly step: string; readonly finding: Finding }) => {
      found[step] = finding;
    },
    ...(enroll && { enroll: { subject: parseName('CN=trial'), keyType: 'ec' as const } }),
  };
  await examineDirect(config, examination, new AbortController().signal);
  expect(JSON.stringify(found)).not.toContain(ca.credentials.secret);
  return found;
}

const at = (behaviour: string, more: Partial<DirectBackendConfig> = {}, protection: 'MAC' | 'signature' = 'MAC') => ({
  ...victimConfig(ca, client, behaviour, protection),
  ...more,
});

describe('protection and genm', () => {
  it.each(['MAC', 'signature'] as const)('well with a %s', async (protection) => {
    const found = await examine(at('root', {}, protection));
    expect(Object.values(found).map(({ status }) => status)).toEqual(Array(10).fill('ok'));
    expect(found['genm']?.detail).toBe('the CA hands out 3 CA certificates (caCerts); it certifies keys of P-256, RSA');
  });

  it('looks at the envelope of an RA', async () => {
    const nested = { type: 'signature', certificatesPem: client.certificatePem, privateKeyPem: client.keyPem } as const;
    const well = await examine(at('root', { nested }));
    expect(well).toMatchObject({ envelope: { status: 'ok' }, protection: { status: 'ok' } });
    const { keyPem: privateKeyPem } = await ca.issueClientCertificate('another');
    const other = await examine(at('root', { nested: { ...nested, privateKeyPem } }));
    expect(other['envelope']).toMatchObject({ status: 'fail', detail: expect.stringContaining('private key is not') });
    expect(other['configuration']).toMatchObject({ status: 'fail', detail: expect.stringContaining('--nested-key') });
  });

  it('a CA that provably refuses support messages is well', async () => {
    const found = await examine(at('silent'));
    expect(found).toMatchObject({ protection: { status: 'ok' }, recipient: { status: 'ok' }, clock: { status: 'ok' } });
    expect(found['genm']).toMatchObject({ status: 'ok', detail: expect.stringContaining('no genm here') });
  });

  it('a CA that says it is out of order is no healthy one', async () => {
    const found = await examine(at('error'));
    expect(found).toMatchObject({ protection: { status: 'ok' }, genm: { status: 'warn' } });
    expect(found['genm']?.detail).toContain('the CA is out of order');
  });

  it('a refusal that nobody vouches for proves nothing, and --enroll does', async () => {
    const found = await examine(at('hearsay'));
    expect(found).toMatchObject({
      protection: { status: 'warn', remedy: expect.stringContaining('--enroll') },
      recipient: { status: 'skip' },
      genm: { status: 'skip' },
    });
  });

  it.each([
    ['reject-bad-message-check', 'refused', 'shared secret'],
    ['reject-signer-not-trusted', 'refused', 'trust the issuer'],
    ['reject-bad-alg', 'refused', 'algorithm'],
    ['reject-wrong-authority', 'refused', 'name of the CA as recipient'],
    ['reject-not-authorized', 'refused', 'allow this sender'],
    ['reject-bad-time', 'refused', 'clocks'],
    ['http-html', 'environment', 'URL'],
    ['http-503', 'environment', ''],
    ['http-empty', 'environment', ''],
    ['http-silence', 'environment', 'allow more time'],
    ['message-unprotected', 'environment', 'protect its answers'],
    ['message-bad-protection', 'environment', 'shared secret'],
    ['message-wrong-transaction-id', 'environment', ''],
  ])('%s: %s', async (behaviour, blame, remedy) => {
    const found = await examine(at(behaviour), systemClock, true);
    expect(found['protection']).toMatchObject({ status: 'fail', blame, remedy: expect.stringContaining(remedy) });
    expect(found).toMatchObject({ genm: { status: 'skip' }, enroll: { status: 'skip' } });
  });

  it('a wrong secret', async () => {
    const wrong = { type: 'mac', reference: ca.credentials.reference, secret: Buffer.from('swordfish') } as const;
    const found = await examine(at('root', { protection: wrong }));
    expect(found['protection']).toMatchObject({ status: 'fail', blame: 'refused' });
    expect(JSON.stringify(found)).not.toContain('swordfish');
  });

  it('a certificate that the CA does not trust, which it says under a signature', async () => {
    const stranger = await ca.issueClientCertificate('stranger', { issuer: 'untrusted' });
    const found = await examine({ ...victimConfig(ca, stranger, 'protected', 'signature') });
    expect(found['protection']).toMatchObject({ status: 'fail', remedy: expect.stringContaining('trust the issuer') });
  });

  it('answers that lead to no trust anchor of ours', async () => {
    const found = await examine(at('root', { trustPem: client.certificatePem }, 'signature'));
    expect(found['protection']).toMatchObject({ status: 'fail', detail: expect.stringContaining('trust anchor') });
  });
});

describe('recipient', () => {
  it.each<readonly [path: string, protection: 'MAC' | 'signature', name: () => string, status: string, words: string]>([
    ['root', 'MAC', () => 'CN=Nobody', 'warn', 'configure recipient "CN=Sandbox Issuing CA,O=CMP Sandbox"'],
    ['root', 'signature', () => ca.caName, 'ok', 'is who answers'],
    ['root', 'signature', () => ca.signerName, 'ok', 'is who answers'],
    ['root', 'signature', () => 'CN=Nobody', 'warn', 'configure recipient "CN='],
    ['null-sender', 'MAC', () => ca.caName, 'ok', ''],
  ])('%s with %s', async (behaviour, protection, name, status, words) => {
    const found = await examine(at(behaviour, { recipient: name() }, protection));
    expect(found['recipient']?.status).toBe(status);
    expect(JSON.stringify(found['recipient'])).toContain(JSON.stringify(words).slice(1, -1));
  });

  it('none', async () => {
    const { recipient: _none, ...config } = at('root');
    expect((await examine(config))['recipient']).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('none'),
    });
  });
});

describe('clock', () => {
  const fast = (seconds: number): Clock => ({
    ...systemClock,
    now: () => new Date(systemClock.now().getTime() + seconds * 1000),
  });

  it.each([
    [100, 'warn', /^messageTime of the CA is (?:99|100|101) s behind our clock$/],
    [-100, 'warn', /^messageTime of the CA is (?:99|100|101) s ahead of our clock$/],
    // So late that the CA refuses the message, under its protection.
    [1000, 'fail', /^messageTime of the CA is (?:999|1000|1001) s behind our clock$/],
  ])('%i s fast: %s', async (seconds, status, words) => {
    const found = await examine(at('root'), fast(seconds));
    expect(found['clock']).toMatchObject({
      status,
      detail: expect.stringMatching(words),
      remedy: expect.stringContaining('NTP'),
    });
    if (status === 'fail') expect(found['protection']).toMatchObject({ detail: expect.stringContaining('badTime') });
  });

  it('takes the time of the HTTP server where the CA tells none that is authentic', async () => {
    const found = await examine(at('message-unprotected'), fast(100));
    expect(found['clock']).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/^Date of the HTTP server is/),
    });
  });
});

describe('configuration', () => {
  it.each([
    ['recipient', { recipient: 'nonsense' }, '--recipient: '],
    ['trust', { trustPem: 'nonsense' }, '--trusted: '],
    ['endpoints', { endpoints: [{ url: 'ftp://x/' }] }, '--server: it must be an absolute http or https URL'],
  ] as const)('%s that cannot work', async (name, wrong, words) => {
    const found = await examine(at('root', wrong), systemClock, true);
    expect(found['configuration']).toMatchObject({ status: 'fail', detail: expect.stringContaining(words) });
    expect(found['enroll']?.status).toBe('skip');
    if (name !== 'endpoints') expect(found).toMatchObject({ tcp: { status: 'ok' }, protection: { status: 'skip' } });
  });

  it('each endpoint is looked at by itself', async () => {
    const told: string[] = [];
    const endpoints = [{ url: 'http://127.0.0.1:1/' }, { url: `${ca.url}/pkix/` }];
    const tell = ({ endpoint = '', step, finding }: { endpoint?: string; step: string; finding: Finding }) => {
      if (step === 'tcp' || step === 'protection') told.push(`${endpoint} ${step} ${finding.status}`);
    };
    const examination = { clock: systemClock, random: systemRandom, nameField: nameFlag, tell };
    await examineDirect(at('root', { endpoints }), examination, new AbortController().signal);
    expect(told).toEqual([
      'http://127.0.0.1:1/ tcp fail',
      'http://127.0.0.1:1/ protection skip',
      `${ca.url}/pkix/ tcp ok`,
      `${ca.url}/pkix/ protection ok`,
    ]);
  });
});

describe('enrolment', () => {
  it('happens only when asked for, and once', async () => {
    const before = ca.ledger.certificates.length;
    await examine(at('root'));
    expect(ca.ledger.certificates).toHaveLength(before);
    const found = await examine(at('root'), systemClock, true);
    const [issued, ...more] = ca.ledger.certificates.slice(before);
    expect(more).toEqual([]);
    expect(found['enroll']).toMatchObject({ status: 'ok', issued: { serial: issued?.serial, issuer: ca.caName } });
  });

  it.each([
    ['certificate-wrong-key', 'another public key'],
    ['granted-with-mods', 'added.by.the.ca.example'],
  ])('that ends with %s is no success', async (behaviour, words) => {
    const found = await examine(at(behaviour), systemClock, true);
    expect(found['enroll']).toMatchObject({ status: 'fail', blame: 'refused', detail: expect.stringContaining(words) });
  });
});
