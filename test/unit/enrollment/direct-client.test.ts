import { createPrivateKey } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpTransport } from '../../../src/cmp/index.js';
import { decodeMessage } from '../../../src/cmp/message.js';
import { createDirectEnroller } from '../../../src/enrollment/direct.js';
import { createDirectClient, type DirectClient } from '../../../src/enrollment/direct-client.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import type { Enroller, EnrollmentRequest } from '../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import { decodeCertificates, encodePem, parseName } from '../../../src/pki/index.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { type ClientCertificate, type SandboxCa, startSandboxCa } from '../../../src/sandbox/ca/index.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { text } from '../cmp/support/fixture.js';

const { signal } = new AbortController();
let ca: SandboxCa;
let ra: ClientCertificate;
let open: (Enroller | DirectClient)[] = [];
let bodies: string[] = [];

beforeAll(async () => {
  ca = await startSandboxCa();
  ra = await ca.issueClientCertificate('registration authority');
});
afterAll(() => ca.close());
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
  bodies = [];
});

const byRa = (): Extract<DirectBackendConfig['protection'], { type: 'signature' }> => ({
  type: 'signature',
  certificatesPem: ra.certificatePem + ra.chainPem,
  privateKeyPem: ra.keyPem,
});
const bySecret = (change: object = {}): DirectBackendConfig['protection'] => ({
  type: 'mac',
  reference: ca.credentials.reference,
  secret: Buffer.from(ca.credentials.secret),
  ...change,
});

const config = (change: Partial<DirectBackendConfig> = {}, behaviour = ''): DirectBackendConfig => ({
  endpoints: [{ url: `${ca.url}/cmp/${behaviour}` }],
  recipient: ca.caName,
  enrollment: 'IR',
  proofOfPossession: 'RAVerified',
  confirmation: 'Explicit',
  protection: bySecret(),
  trustPem: ca.rootPem,
  responseProtection: 'AllowSignature',
  policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
  caBundle: 'All',
  limits: { connectTimeoutMs: 5_000, requestTimeoutMs: 10_000, maxResponseBytes: 1_000_000, maxPollingMs: 60_000 },
  ...change,
});

const seams = ({ endpoints, limits }: DirectBackendConfig) => ({
  // Real time for the network, none for polling.
  transport: createHttpTransport({ endpoints, ...limits }, systemClock),
  clock: new HastyClock(new Date()),
  random: systemRandom,
  onMessage: (_direction: string, der: Uint8Array) => void bodies.push(decodeMessage(der).body.type),
});

function client(change?: Partial<DirectBackendConfig>, behaviour?: string): DirectClient {
  const wanted = config(change, behaviour);
  const made = createDirectClient(wanted, seams(wanted));
  open.push(made);
  return made;
}

function enroller(change?: Partial<DirectBackendConfig>, behaviour?: string): Enroller {
  const wanted = config(change, behaviour);
  const made = createDirectEnroller(wanted, seams(wanted));
  open.push(made);
  return made;
}

const request: EnrollmentRequest = {
  id: '1',
  csrPem: text('new.csr'),
  usages: [],
  isCA: false,
  privateKey: async () => createPrivateKey(text('new.key')),
};

async function issuedPem(): Promise<string> {
  const outcome = await enroller().enroll(request, signal);
  if (outcome.kind !== 'issued') throw new Error('not issued');
  return outcome.chain.map((der) => encodePem('CERTIFICATE', der)).join('');
}

describe('the direct backend', () => {
  it('revokes the leaf of a chain, once and again', async () => {
    const order = { certificatePem: await issuedPem(), reason: 'superseded' } as const;
    await expect(enroller().revoke?.(order, signal)).resolves.toEqual({ already: false, notes: [] });
    await expect(enroller().revoke?.(order, signal)).resolves.toMatchObject({ already: true });
  });

  it('tells in its own terms why a revocation failed', async () => {
    const order = { certificatePem: await issuedPem(), reason: 'superseded' } as const;
    for (const [behaviour, expected] of [
      ['reject-bad-cert-id', { code: 'Rejected', retry: 'request', failInfo: ['badCertId'] }],
      ['revocation-other-issuer', { code: 'ResponseMalformed', retry: 'transaction' }],
    ] as const) {
      const failure = enroller({}, behaviour).revoke?.(order, signal);
      await expect(failure).rejects.toBeInstanceOf(EnrollmentError);
      await expect(failure).rejects.toMatchObject(expected);
    }
    const nonsense = enroller().revoke?.({ ...order, certificatePem: text('new.csr') }, signal);
    await expect(nonsense).rejects.toMatchObject({ code: 'ConfigurationInvalid', retry: 'request' });
  });

  it.each(['PBM', 'PBMAC1'] as const)('protects by %s when told so', async (scheme) => {
    const outcome = await enroller({ protection: bySecret({ scheme, iterations: 1_000 }) }).enroll(request, signal);
    expect(outcome).toMatchObject({ details: { protection: scheme === 'PBM' ? 'PasswordBasedMac' : 'PBMAC1' } });
  });

  it.each([999, 250_001, 1_000.5])('refuses %d iterations of PBMAC1', (iterations) => {
    expect(() => enroller({ protection: bySecret({ scheme: 'PBMAC1', iterations }) })).toThrow(
      expect.objectContaining({ code: 'ConfigurationInvalid', message: expect.stringContaining('iterations') }),
    );
  });

  it('wraps messages under a second signature', async () => {
    await expect(enroller({ nested: byRa() }).enroll(request, signal)).resolves.toMatchObject({ kind: 'issued' });
    expect(bodies).toEqual(['nested', 'nested', 'nested', 'nested']);
    expect(() => enroller({ nested: { ...byRa(), privateKeyPem: text('ra-p256.key') } })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('nested.privateKeyPem') }),
    );
  });

  it('expects the signer it is told, by fingerprint in any form or by certificate', async () => {
    const [signer] = decodeCertificates(ca.signerPem);
    const { sha256 = '' } = signer ?? {};
    const colons = sha256.toUpperCase().replace(/..(?!$)/g, '$&:');
    for (const expectedSigner of [sha256, ` ${colons}\n`, ca.signerPem]) {
      const outcome = await enroller({ protection: byRa(), expectedSigner }).enroll(request, signal);
      expect(outcome.kind).toBe('issued');
    }
    const other = enroller({ protection: byRa(), expectedSigner: ca.chainPem });
    await expect(other.enroll(request, signal)).rejects.toMatchObject({ code: 'SignerUntrusted', retry: 'issuer' });
  });

  it.each([
    ['text that is neither', 'the signer'],
    ['half a fingerprint', 'ab'.repeat(16)],
    ['two certificates', text('server.crt') + text('issuing.crt')],
  ])('refuses %s as expected signer', (_name, expectedSigner) => {
    expect(() => enroller({ expectedSigner })).toThrow(
      expect.objectContaining({ code: 'ConfigurationInvalid', message: expect.stringMatching(/^expectedSigner: /) }),
    );
  });
});

describe('the direct client', () => {
  it('asks for certificates, successors, templates and CRLs', async () => {
    const asking = client();
    const [root] = asking.anchors;
    if (root === undefined) throw new Error('no anchor');
    await expect(asking.caCertificates(signal)).resolves.toHaveLength(3);
    await expect(asking.rootCaUpdate(root, signal)).resolves.toMatchObject({ newWithNew: { isSelfSigned: true } });
    await expect(asking.certReqTemplate(signal)).resolves.toMatchObject({ keySpec: [{}] });
    const issuer = [{ type: 'directoryName', value: parseName(ca.caName) } as const];
    await expect(asking.crls([{ source: { type: 'issuer', value: issuer } }], signal)).resolves.toHaveLength(1);
    expect(bodies).toEqual(Array(4).fill(['genm', 'genp']).flat());
  });

  it('revokes what has a name', async () => {
    const [certificate] = decodeCertificates(await issuedPem());
    if (certificate === undefined) throw new Error('nothing issued');
    const { issuer, serialNumber } = certificate;
    await expect(client().revoke({ issuer, serialNumber }, 'keyCompromise', signal)).resolves.toMatchObject({
      already: false,
      facts: { endpoint: `${ca.url}/cmp/` },
    });
  });

  it('throws EnrollmentErrors, and the reason of an abort as it is', async () => {
    await expect(client({}, 'error').caCertificates(signal)).rejects.toBeInstanceOf(EnrollmentError);
    const stop = new AbortController();
    stop.abort(new RangeError('enough'));
    await expect(client().caCertificates(stop.signal)).rejects.toThrow('enough');
  });
});
