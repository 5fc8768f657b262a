import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CmpError } from '../../../src/cmp/error.js';
import { createDirectEnroller } from '../../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import type { EnrollmentRequest } from '../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { ManualClock } from '../../support/manual-clock.js';
import { type CaOptions, TestCa } from '../cmp/support/ca.js';
import { der, text } from '../cmp/support/fixture.js';
import { SECRET } from '../cmp/support/session.js';

const mac = {
  type: 'mac',
  reference: 'reference-1',
  secret: SECRET,
  owf: 'SHA256',
  mac: 'HMAC-SHA256',
  iterations: 100,
} as const;
const signature = {
  type: 'signature',
  certificatesPem: text('ra-p256.crt') + text('issuing.crt') + text('root.crt'),
  privateKeyPem: text('ra-p256.key'),
} as const;

const config: DirectBackendConfig = {
  endpoints: [{ url: 'http://ca.test/pkix/' }],
  recipient: 'CN=Test Issuing CA,O=CMP Test',
  enrollment: 'IR',
  proofOfPossession: 'RAVerified',
  confirmation: 'Explicit',
  protection: mac,
  trustPem: text('root.crt'),
  responseProtection: 'AllowSignature',
  policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
  caBundle: 'All',
  limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, maxResponseBytes: 100_000, maxPollingMs: 60_000 },
};

const request: EnrollmentRequest = {
  id: '1',
  csrPem: text('new.csr'),
  usages: [],
  isCA: false,
  privateKey: async () => createPrivateKey(text('new.key')),
};

const clock = new ManualClock(new Date('2027-01-01T00:00:00Z'));
const { signal } = new AbortController();

const direct = (change: Partial<DirectBackendConfig> = {}, options: CaOptions = {}, logger?: Logger) =>
  createDirectEnroller(
    { ...config, ...change },
    {
      clock,
      random: systemRandom,
      transport: new TestCa(options).transport,
      ...(logger === undefined ? {} : { logger }),
    },
  );

const octets = (...names: string[]) => names.map((name) => Buffer.from(der(`${name}.crt`)));
const buffers = (list: readonly Uint8Array[]) => list.map((item) => Buffer.from(item));

async function issued(change: Partial<DirectBackendConfig> = {}, options: CaOptions = {}) {
  const outcome = await direct(change, options).enroll(request, signal);
  if (outcome.kind !== 'issued') throw new Error('not issued');
  return outcome;
}

describe('the direct backend', () => {
  it('gives the chain without the root, and the facts', async () => {
    const outcome = await issued();
    expect(buffers(outcome.chain)).toEqual(octets('new', 'issuing'));
    expect(outcome.details).toMatchObject({
      serial: expect.stringMatching(/^[0-9a-f]+$/),
      subject: 'CN=new.example.com,O=CMP Test',
      issuer: 'CN=Test Issuing CA,O=CMP Test',
      body: 'ir',
      protection: 'PasswordBasedMac',
      confirmation: 'explicit',
    });
  });

  const twoRoots = text('root.crt') + text('root-two.crt');
  it.each<[string, Partial<DirectBackendConfig>, CaOptions, string[]]>([
    ['the trusted root', {}, {}, ['root']],
    [
      'every configured root, that of the chain first',
      { trustPem: text('root-two.crt') + text('root.crt') },
      {},
      ['root', 'root-two'],
    ],
    [
      'a root once, however often it comes',
      { trustPem: twoRoots + twoRoots },
      { caPubs: ['root.crt', 'root-two.crt'] },
      ['root', 'root-two'],
    ],
    [
      'an intermediate of caPubs that chains to trust',
      {},
      { caPubs: ['issuing.crt'], extraCerts: [] },
      ['root', 'issuing'],
    ],
    ['no root that only the answer vouches for', {}, { caPubs: ['root-two.crt', 'rogue-root.crt'] }, ['root']],
    ['no certificate that is no CA', {}, { caPubs: ['server.crt', 'root.crt'] }, ['root']],
    ['the root alone', { caBundle: 'Root', trustPem: twoRoots }, { caPubs: ['issuing.crt'] }, ['root']],
    ['nothing', { caBundle: 'None', trustPem: twoRoots }, { caPubs: ['issuing.crt'] }, []],
    [
      'a configured intermediate, if that is all the trust there is',
      { trustPem: text('issuing.crt') },
      {},
      ['issuing'],
    ],
    [
      'root and intermediate, if both are configured',
      { trustPem: text('issuing.crt') + text('root.crt') },
      {},
      ['root', 'issuing'],
    ],
  ])('gives as ca %s', async (_name, change, options, expected) => {
    expect(buffers((await issued(change, options)).ca)).toEqual(octets(...expected));
  });

  it('leaves the root out of the chain although the CA sends it', async () => {
    const outcome = await issued({}, { extraCerts: ['root.crt', 'issuing.crt', 'root-two.crt'] });
    expect(buffers(outcome.chain)).toEqual(octets('new', 'issuing'));
  });

  it('wraps what the client says', async () => {
    const failing = direct(
      {},
      { response: { status: { status: 'rejection', failInfo: ['badPOP'] }, certifiedKeyPair: undefined } },
    );
    const error = await failing.enroll(request, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EnrollmentError);
    expect(error).toMatchObject({
      code: 'Rejected',
      retry: 'request',
      failInfo: ['badPOP'],
      cause: expect.any(CmpError),
    });
  });

  it('keeps the time that a server asks for', async () => {
    const busy = new CmpError({ code: 'HttpFailed', retry: 'transient', message: 'busy', retryAfterMs: 3_000 });
    const failing = direct({}, { twist: () => ({ failure: busy }) });
    await expect(failing.enroll(request, signal)).rejects.toMatchObject({ code: 'HttpFailed', retryAfterMs: 3_000 });
  });

  it('says what happened where nothing but a lost answer keeps a certificate waiting', async () => {
    const busy = new CmpError({ code: 'HttpFailed', retry: 'transient', message: 'busy', retryAfterMs: 3_000 });
    const failing = direct({}, { twist: ({ body }) => (body.type === 'certConf' ? { failure: busy } : undefined) });
    const outcome = await failing.enroll(request, signal);
    expect(outcome).toMatchObject({ kind: 'pending', failure: { code: 'HttpFailed', retryAfterMs: 3_000 } });
    expect(outcome.kind === 'pending' && outcome.failure).toBeInstanceOf(EnrollmentError);
  });

  it('says Internal for what must not happen, and lets an abort be one', async () => {
    const bug = direct({}, { twist: () => ({ failure: new TypeError('oops') }) });
    await expect(bug.enroll(request, signal)).rejects.toMatchObject({ code: 'Internal', cause: expect.any(TypeError) });
    const reason = new Error('shutting down');
    const aborted = direct({}, { twist: () => ({ failure: reason }) });
    await expect(aborted.enroll(request, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('passes on why there is no private key', async () => {
    const none = new EnrollmentError({ code: 'PrivateKeyUnavailable', retry: 'request', message: 'no key' });
    const wish = { ...request, privateKey: () => Promise.reject(none) };
    await expect(direct({ proofOfPossession: 'Signature' }).enroll(wish, signal)).rejects.toBe(none);
  });

  it('resumes from plain JSON', async () => {
    let waiting = true;
    const enroller = direct(
      {},
      {
        twist: ({ body }) => {
          if (body.type === 'ir') return { body: { type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } } };
          if (body.type !== 'pollReq' || waiting) return undefined;
          const certOrEncCert = { type: 'certificate', value: der('new.crt') } as const;
          const response = [
            { certReqId: 0, status: { status: 'accepted' as const }, certifiedKeyPair: { certOrEncCert } },
          ];
          return { body: { type: 'ip', value: { response } } };
        },
      },
    );
    const pending = await enroller.enroll(request, signal);
    waiting = false;
    if (pending.kind !== 'pending') throw new Error('not pending');
    expect(pending).toMatchObject({ reason: 'patience', notBefore: new Date('2027-01-01T00:00:07Z') });
    const stored = JSON.stringify(pending.state);
    expect(stored).not.toContain(SECRET.toString());
    expect(await enroller.resume(request, JSON.parse(stored), signal)).toMatchObject({ kind: 'issued' });
  });
});

describe('its configuration', () => {
  const endpoint = { url: 'https://ca.test/' };
  const tlsKey = text('tls-client.key');
  it.each<[string, Partial<DirectBackendConfig>]>([
    ['endpoints', { endpoints: [] }],
    ['endpoints[0].url', { endpoints: [{ url: 'ca.test' }] }],
    ['endpoints[0].url', { endpoints: [{ url: 'ftp://ca.test/' }] }],
    ['endpoints[0].url', { endpoints: [{ url: 'https://user:word@ca.test/' }] }],
    ['endpoints[1].tlsCaPem', { endpoints: [endpoint, { ...endpoint, tlsCaPem: 'nonsense' }] }],
    ['endpoints[0]', { endpoints: [{ ...endpoint, clientCertPem: text('tls-client.crt') }] }],
    [
      'endpoints[0].clientKeyPem',
      { endpoints: [{ ...endpoint, clientCertPem: text('tls-server.crt'), clientKeyPem: tlsKey }] },
    ],
    [
      'endpoints[0].url',
      { endpoints: [{ url: 'http://ca.test', clientCertPem: text('tls-client.crt'), clientKeyPem: tlsKey }] },
    ],
    ['endpoints[0].proxy', { endpoints: [{ ...endpoint, proxy: 'proxy.test:8080' }] }],
    ['recipient', { recipient: 'Issuing CA' }],
    ['trustPem', { trustPem: '' }],
    ['trustPem', { trustPem: text('new.csr') }],
    ['protection.reference', { protection: { ...mac, reference: '' } }],
    ['protection.secret', { protection: { ...mac, secret: new Uint8Array() } }],
    ['protection.iterations', { protection: { ...mac, iterations: 99 } }],
    ['protection.iterations', { protection: { ...mac, iterations: 100_001 } }],
    ['protection.certificatesPem', { protection: { ...signature, certificatesPem: 'nonsense' } }],
    ['protection.privateKeyPem', { protection: { ...signature, privateKeyPem: text('server.key') } }],
    [
      'protection.privateKeyPem',
      { protection: { ...signature, certificatesPem: text('issuing.crt') + text('ra-p256.crt') } },
    ],
    [
      'protection.certificatesPem',
      { protection: { ...signature, certificatesPem: text('server-no-sign.crt'), privateKeyPem: text('server.key') } },
    ],
  ])('must make sense: %s', (field, change) => {
    const error = expect.objectContaining({
      name: 'EnrollmentError',
      code: 'ConfigurationInvalid',
      retry: 'issuer',
      message: expect.stringContaining(`${field}: `),
    });
    expect(() => direct(change)).toThrow(error);
  });

  it.each<[string, Partial<DirectBackendConfig>]>([
    ['no recipient', { recipient: undefined as never }],
    ['a recipient in OpenSSL’s form', { recipient: '/O=CMP Test/CN=Test Issuing CA' }],
    ['iterations at their bounds', { protection: { ...mac, iterations: 100_000 } }],
    [
      'two endpoints with everything',
      {
        endpoints: [
          {
            ...endpoint,
            tlsCaPem: text('tls-ca.crt'),
            clientCertPem: text('tls-client.crt'),
            clientKeyPem: tlsKey,
            serverName: 'x',
            proxy: 'http://proxy.test:8080',
          },
          endpoint,
        ],
      },
    ],
    ['a signature', { protection: signature }],
  ])('may have %s', (_name, change) => expect(() => direct(change)).not.toThrow());

  it('never shows a key in what it says', () => {
    const broken = text('ra-p256.key').replace('M', '!');
    try {
      direct({ protection: { ...signature, privateKeyPem: broken } });
      throw new Error('not refused');
    } catch (error) {
      for (const line of broken.split('\n').filter((part) => part.length > 20 && !part.startsWith('-'))) {
        expect(String(error)).not.toContain(line);
      }
    }
  });

  it('warns about a line feed at the end of the secret', () => {
    const warnings: string[] = [];
    const silent = () => {};
    const logger: Logger = {
      debug: silent,
      info: silent,
      error: silent,
      warn: (_fields, text_) => warnings.push(text_),
      child: () => logger,
    };
    direct({ protection: { ...mac, secret: Buffer.from('secret\n') } }, {}, logger);
    direct({}, {}, logger);
    expect(warnings).toEqual([expect.stringContaining('line feed')]);
  });

  it('is probed for certificates that have run out', async () => {
    await expect(direct().probe(signal)).resolves.toBeUndefined();
    const late = new ManualClock(new Date('2200-01-01T00:00:00Z'));
    const at = (change: Partial<DirectBackendConfig>) =>
      createDirectEnroller(
        { ...config, ...change },
        { clock: late, random: systemRandom, transport: new TestCa().transport },
      );
    await expect(at({}).probe(signal)).rejects.toMatchObject({
      code: 'ConfigurationInvalid',
      message: expect.stringMatching(/^trustPem/),
    });
  });
});
