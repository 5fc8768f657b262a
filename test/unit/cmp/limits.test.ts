import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { checkDer } from '../../../src/asn1/index.js';
import { CertificateReader } from '../../../src/cmp/certificate-reader.js';
import {
  ANSWER_LIMIT_NAMES,
  ANSWER_LIMITS,
  type AnswerLimitName,
  type AnswerLimits,
  DEFAULT_ANSWER_LIMITS,
} from '../../../src/cmp/index.js';
import {
  DEFAULT_PBM_POLICY,
  DEFAULT_PBMAC1_POLICY,
  PbmKeys,
  pbmac1Protector,
  pbmProtector,
} from '../../../src/cmp/protection/index.js';
import { type CmpSession, type EnrollmentResult, startEnrollment } from '../../../src/cmp/transaction/index.js';
import { createHttpTransport } from '../../../src/cmp/transfer/index.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import { configuredSession } from '../../../src/enrollment/direct-setup.js';
import { ManualClock } from '../../support/manual-clock.js';
import { type CaOptions, macProtector, signingProtector, TestCa } from './support/ca.js';
import { der, text } from './support/fixture.js';
import { certificate, request, SECRET, session, signatureCredential } from './support/session.js';

const { signal } = new AbortController();

/** A session as the direct backend sets it up for these limits. */
function limited(answerLimits: Partial<AnswerLimits>, change: Partial<CmpSession> = {}): CmpSession {
  const config: DirectBackendConfig = {
    endpoints: [{ url: 'http://ca.test/pkix/' }],
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: { type: 'mac', reference: 'reference-1', secret: SECRET },
    trustPem: text('root.crt'),
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, maxResponseBytes: 1_000_000, maxPollingMs: 3_600_000 },
    answerLimits,
  };
  const { certificates, limits, pbmPolicy, pbmac1Policy } = configuredSession(config);
  return session({
    certificates,
    pbmPolicy,
    ...(limits && { limits }),
    ...(pbmac1Policy && { pbmac1Policy }),
    ...change,
  });
}

type Case = (limit: number) => Promise<EnrollmentResult>;

const enroll = (limits: Partial<AnswerLimits>, options: CaOptions, change: Partial<CmpSession> = {}) =>
  startEnrollment(request(), limited(limits, { ...change, transport: new TestCa(options).transport }), signal);

/** Depth and number of the TLVs in an answer, as a walk of our own counts them. */
function measured(octets: Uint8Array): { readonly depth: number; readonly elements: number } {
  let depth = 0;
  let elements = 0;
  const visit = (element: ReturnType<typeof checkDer>, level: number): void => {
    elements++;
    depth = Math.max(depth, level);
    if (element.constructed) for (const child of element.children()) visit(child, level + 1);
  };
  visit(checkDer(octets), 1);
  return { depth, elements };
}

/** The salt has as many octets each time, so all first answers are built alike. */
async function firstAnswer(options: CaOptions): Promise<Uint8Array> {
  const ca = new TestCa(options);
  await startEnrollment(request(), session({ transport: ca.transport }), signal);
  return ca.sent[0] ?? new Uint8Array();
}

const signed: CaOptions = { protector: signingProtector() };
const bySignature = { credential: signatureCredential() };
const salt = new Uint8Array(16).fill(7);
const keys = new PbmKeys(SECRET);
const expiring = certificate('new-expiring.crt');
const patient: CaOptions = {
  twist: (_request, index) =>
    index === 0
      ? { body: { type: 'ip', value: { response: [{ certReqId: 0, status: { status: 'waiting' } }] } } }
      : undefined,
};

/** Each limit at work: what it must be so that an answer passes just so. One less, or one second less, and it does not. */
const cases: Readonly<
  Record<Exclude<AnswerLimitName, 'minPollSeconds' | 'maxPollSeconds'>, () => Promise<[number, Case]>>
> = {
  maxDepth: async () => [measured(await firstAnswer({})).depth, (maxDepth) => withLimits({ maxDepth }, {})],
  maxElements: async () => [measured(await firstAnswer({})).elements, (maxElements) => withLimits({ maxElements }, {})],
  // The signer, and the CA without which no way leads from there to the root.
  maxCertificates: async () => [2, (maxCertificates) => enroll({ maxCertificates }, signed, bySignature)],
  maxCertificateBytes: async () => [
    Math.max(der('server.crt').length, der('issuing.crt').length),
    (maxCertificateBytes) => withLimits({ maxCertificateBytes }, signed, bySignature),
  ],
  // Leaf, issuing CA, root.
  maxPathLength: async () => [3, (maxPathLength) => enroll({ maxPathLength }, {})],
  clockSkewSeconds: async () => [
    600,
    (clockSkewSeconds) =>
      enroll(
        { clockSkewSeconds },
        { certificate: 'new-expiring.crt' },
        { clock: new ManualClock(new Date(expiring.notAfter.getTime() + 600_000)) },
      ),
  ],
  maxIterations: async () => {
    const parameters = { salt, owf: 'sha256', mac: 'sha256', iterationCount: 150 } as const;
    const protector = pbmProtector({ keys, reference: 'reference-1' }, parameters);
    return [150, (maxIterations) => enroll({ maxIterations }, { protector })];
  },
  maxPbkdf2Cost: async () => {
    // 40 octets are two blocks of HMAC-SHA256.
    const parameters = { salt, prf: 'sha256', mac: 'sha256', iterationCount: 1_000, keyLength: 40 } as const;
    const protector = pbmac1Protector({ keys, reference: 'reference-1' }, parameters);
    return [2_000, (maxPbkdf2Cost) => enroll({ maxPbkdf2Cost }, { protector })];
  },
};

/** Where the answer at hand is far below what may be configured, the client's own limits are set. */
function withLimits(limits: Partial<AnswerLimits>, options: CaOptions, change: Partial<CmpSession> = {}) {
  const all = { ...DEFAULT_ANSWER_LIMITS, ...limits };
  const { transport } = new TestCa({ ...options, protector: options.protector ?? macProtector() });
  return startEnrollment(
    request(),
    session({ limits: all, certificates: new CertificateReader(all), transport, ...change }),
    signal,
  );
}

describe('a limit on answers', () => {
  it.each(Object.keys(cases) as (keyof typeof cases)[])('%s holds exactly', async (name) => {
    const [limit, run] = await cases[name]();
    await expect(run(limit)).resolves.toMatchObject({ kind: 'issued' });
    await expect(run(limit - 1)).rejects.toMatchObject({ name: 'CmpError' });
  });

  it.each([
    ['maxPollSeconds', { maxPollSeconds: 6 }, 6_000],
    ['maxPollSeconds', { maxPollSeconds: 7 }, 7_000],
    ['maxPollSeconds', { maxPollSeconds: 8 }, 7_000],
    ['minPollSeconds', { minPollSeconds: 6 }, 7_000],
    ['minPollSeconds', { minPollSeconds: 7 }, 7_000],
    ['minPollSeconds', { minPollSeconds: 8 }, 8_000],
  ])('%s decides about waits of 7 s (%j)', async (_name, limits, expected) => {
    const clock = new ManualClock(new Date('2027-01-01T00:00:00Z'));
    const result = await enroll(limits, patient, { clock });
    if (result.kind !== 'pending') throw new Error(result.kind);
    expect(result.notBefore.getTime() - clock.now().getTime()).toBe(expected);
  });

  it('is told for each', () =>
    expect([...Object.keys(cases), 'minPollSeconds', 'maxPollSeconds'].sort()).toEqual([...ANSWER_LIMIT_NAMES].sort()));

  it('has a default within its bounds', () => {
    for (const name of ANSWER_LIMIT_NAMES) {
      const { default: usual, least, most } = ANSWER_LIMITS[name];
      expect(usual).toBeGreaterThanOrEqual(least);
      expect(usual).toBeLessThanOrEqual(most);
    }
    expect(DEFAULT_PBM_POLICY.maxIterations).toBe(DEFAULT_ANSWER_LIMITS.maxIterations);
    expect(DEFAULT_PBMAC1_POLICY.maxCost).toBe(DEFAULT_ANSWER_LIMITS.maxPbkdf2Cost);
  });

  it.each(ANSWER_LIMIT_NAMES)('%s cannot be configured beyond its bounds', (name) => {
    const { least, most } = ANSWER_LIMITS[name];
    const partner = name === 'minPollSeconds' ? { maxPollSeconds: 86_400 } : {};
    for (const value of [least, most]) expect(() => limited({ ...partner, [name]: value })).not.toThrow();
    for (const value of [least - 1, most + 1, least + 0.5]) {
      expect(() => limited({ ...partner, [name]: value })).toThrow(`answerLimits.${name}: it must be between`);
    }
  });

  it('leaves room between the shortest and the longest wait', () => {
    expect(() => limited({ minPollSeconds: 9, maxPollSeconds: 9 })).not.toThrow();
    expect(() => limited({ minPollSeconds: 10, maxPollSeconds: 9 })).toThrow('answerLimits.minPollSeconds');
    expect(() => limited({ minPollSeconds: 3_600 })).not.toThrow();
    expect(() => limited({ maxPollSeconds: 1 })).not.toThrow();
  });
});

describe('the time for one answer', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('is over at the limit, and not before', async () => {
    const silent = createServer((message) => message.resume());
    server = silent;
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const clock = new ManualClock();
    const transport = createHttpTransport(
      {
        endpoints: [{ url: `http://127.0.0.1:${port}/` }],
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 60_000,
        maxResponseBytes: 1_000,
      },
      clock,
    );
    const channel = transport.open();
    let settled = false;
    const arrived = new Promise((resolve) => silent.once('request', resolve));
    const exchange = channel.exchange(Buffer.from('3000', 'hex'), signal).catch((error: unknown) => {
      settled = true;
      return error;
    });
    await arrived;
    await clock.advance(59_999);
    expect(settled).toBe(false);
    await clock.advance(1);
    expect(await exchange).toMatchObject({ code: 'Timeout', retry: 'transient' });
    await channel.close();
    await transport.close();
  });
});
