import { describe, expect, it } from '@jest/globals';
import { CmpError } from '../../../src/cmp/error.js';
import { type CmpProfile, PROFILE_NAMES, PROFILES, type ProfileName } from '../../../src/cmp/profile.js';
import { signatureProtector } from '../../../src/cmp/protection/index.js';
import type { PKIBody } from '../../../src/cmp/schema/index.js';
import { type CmpSession, SignerCache, startEnrollment } from '../../../src/cmp/transaction/index.js';
import { configuredSession } from '../../../src/enrollment/direct-setup.js';
import { loadPrivateKey } from '../../../src/pki/index.js';
import { type CaOptions, signingProtector, TestCa, type Twister } from './support/ca.js';
import { der, text } from './support/fixture.js';
import { certificate, certificates, request, session, signatureCredential } from './support/session.js';

const { signal } = new AbortController();

/** What a client with this profile, set up as the direct backend does it, makes of such a CA. */
async function run(name: ProfileName, options: CaOptions = {}, change: Partial<CmpSession> = {}) {
  const ca = new TestCa(options);
  const { profile, pbmPolicy, ignoreKeyUsage } = configured(name);
  const own = session({
    ...(profile === undefined ? {} : { profile }),
    pbmPolicy,
    ignoreKeyUsage,
    signers: new SignerCache(),
    ...change,
    transport: ca.transport,
  });
  const result = await startEnrollment(request(), own, signal).catch((error: unknown) => error);
  return { ca, result };
}

const configured = (profile: ProfileName, protection: object = {}) =>
  configuredSession({
    profile,
    endpoints: [{ url: 'http://ca.test/pkix/' }],
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: { type: 'mac', reference: 'r', secret: Buffer.from('s'), ...protection },
    trustPem: text('root.crt'),
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, maxResponseBytes: 1_000_000, maxPollingMs: 1_000 },
  });

const errorOf =
  (header: object): Twister =>
  () => ({
    unprotected: true,
    header,
    body: { type: 'error', value: { pKIStatusInfo: { status: 'rejection', failInfo: ['badRequest'] } } } as PKIBody,
  });

const hearsay = { code: 'Rejected', retry: 'unauthenticated' };
const noAnswer = { code: 'HeaderMismatch', retry: 'unauthenticated' };
const signed = { credential: signatureCredential() };

/** Signs with a certificate whose keyUsage does not allow it. */
const silentSigner = signatureProtector({
  certificates: [der('server-no-sign.crt'), der('issuing.crt')],
  subject: certificate('server-no-sign.crt').subject,
  subjectKeyIdentifier: certificate('server-no-sign.crt').extensions.subjectKeyIdentifier,
  privateKey: loadPrivateKey(text('server.key')),
});

/** A certificate signed with an algorithm that nobody knows, so that it names no hash: ecdsa-with-SHA256's last arc altered. */
const unknownAlgorithm = {
  type: 'certificate',
  value: Buffer.from(
    Buffer.from(der('new.crt')).toString('hex').replaceAll('2a8648ce3d040302', '2a8648ce3d04037f'),
    'hex',
  ),
} as const;

/** A profile with the usual value and one with another, and what differs. */
type Effect = (of: ProfileName) => Promise<object>;
const effects: Readonly<
  Record<
    keyof CmpProfile,
    { readonly other: ProfileName; readonly usual: object; readonly changed: object; readonly effect: Effect }
  >
> = {
  pbm: {
    other: 'insta-ncm',
    usual: { mac: 'sha256', owf: 'sha256', iterationCount: 1_000 },
    changed: { mac: 'sha1', owf: 'sha256', iterationCount: 1_000 },
    effect: async (name) => configured(name).credential,
  },
  sha1Owf: {
    other: 'entrust-3gpp',
    usual: { owfs: ['sha224', 'sha256', 'sha384', 'sha512'] },
    changed: { owfs: ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] },
    effect: async (name) => configured(name).pbmPolicy,
  },
  p10crCertReqIds: {
    other: 'ejbca',
    usual: { kind: 'issued' },
    changed: { code: 'ResponseMalformed', retry: 'transaction' },
    effect: async (name) => Object((await run(name, { response: { certReqId: -1 } }, { enrollment: 'p10cr' })).result),
  },
  version1Errors: {
    other: 'openssl-test',
    usual: hearsay,
    changed: noAnswer,
    effect: async (name) => Object((await run(name, { twist: errorOf({ pvno: 1 }) })).result),
  },
  anonymousErrors: {
    other: 'openssl-test',
    usual: hearsay,
    changed: noAnswer,
    effect: async (name) =>
      Object((await run(name, { twist: errorOf({ transactionID: undefined, recipNonce: undefined }) })).result),
  },
  signerKeyUsage: {
    other: 'entrust-3gpp',
    usual: { code: 'SignerUntrusted' },
    changed: { kind: 'issued' },
    effect: async (name) =>
      Object(
        (
          await run(
            name,
            { protector: silentSigner },
            { ...signed, recipient: certificate('server-no-sign.crt').subject },
          )
        ).result,
      ),
  },
  hashAlg: {
    other: 'openssl-test',
    usual: { pvno: 3, hashAlg: expect.anything() },
    changed: { pvno: 2, hashAlg: undefined },
    effect: async (name) => {
      const { ca } = await run(name, { response: { certifiedKeyPair: { certOrEncCert: unknownAlgorithm } } });
      const confirmation = ca.received.find(({ body }) => body.type === 'certConf');
      if (confirmation?.body.type !== 'certConf') throw new Error('there was no certConf');
      return { pvno: confirmation.header.pvno, hashAlg: confirmation.body.value[0]?.hashAlg };
    },
  },
  refusedCertificates: {
    other: 'ejbca',
    usual: { code: 'CertificateRefused', message: expect.not.stringContaining('have it revoked') },
    changed: { code: 'CertificateRefused', message: expect.stringMatching(/serial [0-9a-f]+.*have it revoked there/) },
    effect: async (name) => Object((await run(name, { certificate: 'new-other-key.crt' })).result),
  },
};

describe.each(Object.entries(effects))('%s', (_knob, { other, usual, changed, effect }) => {
  it('by default', async () => expect(await effect('default')).toMatchObject(usual));
  it(`for ${other}`, async () => expect(await effect(other)).toMatchObject(changed));
});

describe.each(PROFILE_NAMES)('%s', (name) => {
  const { mostIterations } = PROFILES[name].pbm;

  it('takes as many iterations as the server does', () => {
    expect(configured(name, { iterations: mostIterations }).credential).toMatchObject({
      iterationCount: mostIterations,
    });
    expect(() => configured(name, { iterations: mostIterations + 1 })).toThrow(/protection\.iterations/);
  });

  it('leaves what is configured as it is', () =>
    expect(configured(name, { owf: 'SHA512', mac: 'HMAC-SHA384', iterations: 777 }).credential).toMatchObject({
      owf: 'sha512',
      mac: 'sha384',
      iterationCount: 777,
    }));

  it('brings a certificate from a CA that does everything right', async () => {
    const enrollments = ['ir', 'cr', 'p10cr'] as const;
    for (const enrollment of enrollments) {
      const certReqId = PROFILES[name].p10crCertReqIds[0] ?? 0;
      const response = enrollment === 'p10cr' ? { response: { certReqId } } : {};
      expect((await run(name, response, { enrollment })).result).toMatchObject({ kind: 'issued' });
    }
  });

  it('lets no forged certificate through', async () => {
    const { result } = await run(
      name,
      { protector: signingProtector('rogue-server') },
      { ...signed, anchors: certificates('root.crt') },
    );
    expect(result).toBeInstanceOf(CmpError);
  });
});
