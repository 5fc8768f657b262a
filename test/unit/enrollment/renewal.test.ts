import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ReceivedMessage } from '../../../src/cmp/message.js';
import { isMac } from '../../../src/cmp/protection/index.js';
import type { PKIBody, PKIStatusInfo } from '../../../src/cmp/schema/index.js';
import { createDirectEnroller } from '../../../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import type { EnrollmentRequest, PreviousCertificate } from '../../../src/enrollment/enroller.js';
import { Certificate } from '../../../src/pki/index.js';
import type { Logger } from '../../../src/runtime/logger.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { ManualClock } from '../../support/manual-clock.js';
import { signingProtector, TestCa, type Twist } from '../cmp/support/ca.js';
import { der, text } from '../cmp/support/fixture.js';
import { SECRET } from '../cmp/support/session.js';

const config: DirectBackendConfig = {
  endpoints: [{ url: 'http://ca.test/pkix/' }],
  recipient: 'CN=Test Issuing CA,O=CMP Test',
  enrollment: 'IR',
  proofOfPossession: 'RAVerified',
  renewal: 'KUR',
  confirmation: 'Explicit',
  protection: { type: 'mac', reference: 'reference-1', secret: SECRET, iterations: 100 },
  trustPem: text('root.crt'),
  responseProtection: 'AllowSignature',
  policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
  caBundle: 'All',
  limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, maxResponseBytes: 100_000, maxPollingMs: 60_000 },
};

const { signal } = new AbortController();

/** With the names of the CSR, and another certificate than the test CA hands out. */
const usable: PreviousCertificate = {
  certificatesPem: text('new-expiring.crt') + text('issuing.crt'),
  privateKeyPem: text('new.key'),
};
const { notBefore, notAfter } = Certificate.parse(der('new-expiring.crt'));
const HOUR = 3_600_000;
const during = new Date(notBefore.getTime() + HOUR);
const after = new Date(notAfter.getTime() + HOUR);
const FIRST = ['ir', 'certConf'];
const UPDATE = ['kur', 'certConf'];

interface Scene {
  readonly previous?: Partial<PreviousCertificate> | 'none' | 'absent';
  readonly change?: Partial<DirectBackendConfig>;
  readonly now?: Date;
  /** How the answer to a message differs; protection is of the kind of the request. */
  readonly twist?: (request: ReceivedMessage) => Twist | undefined;
}

function scene({ previous = {}, change = {}, now = during, twist }: Scene = {}) {
  const ca = new TestCa({
    twist: (message) => ({ ...(isMac(message) ? {} : { protector: signingProtector() }), ...twist?.(message) }),
  });
  const warnings: string[] = [];
  const silent = () => {};
  const logger: Logger = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (_fields, message) => warnings.push(message),
    child: () => logger,
  };
  const enroller = createDirectEnroller(
    { ...config, ...change },
    { clock: new ManualClock(now), random: systemRandom, transport: ca.transport, logger },
  );
  const request: EnrollmentRequest = {
    id: '1',
    csrPem: text('new.csr'),
    usages: ['digital signature', 'server auth', 'client auth'],
    isCA: false,
    privateKey: async () => createPrivateKey(text('new.key')),
    ...(previous !== 'absent' && {
      previous: async () => (previous === 'none' ? undefined : { ...usable, ...previous }),
    }),
  };
  return { ca, enroller, request, warnings, enroll: () => enroller.enroll(request, signal) };
}

const toKur = (status: PKIStatusInfo, unprotected = false) => ({
  twist: ({ body }: ReceivedMessage): Twist | undefined =>
    body.type === 'kur' ? { unprotected, body: { type: 'error', value: { pKIStatusInfo: status } } } : undefined,
});

const granted = (type: 'ip' | 'kup'): PKIBody => {
  const certOrEncCert = { type: 'certificate', value: der('new.crt') } as const;
  return {
    type,
    value: { response: [{ certReqId: 0, status: { status: 'accepted' }, certifiedKeyPair: { certOrEncCert } }] },
  };
};

describe('a renewal by key update', () => {
  it('is signed with the old key, proves the new one, and names the old certificate', async () => {
    const { ca, enroll, warnings } = scene();
    expect(await enroll()).toMatchObject({ kind: 'issued', details: { body: 'kur' }, notes: [] });
    expect(ca.bodies).toEqual(UPDATE);
    const [first] = ca.received;
    expect(Buffer.from(first?.extraCerts[0] ?? [])).toEqual(Buffer.from(der('new-expiring.crt')));
    expect(first?.body.type === 'kur' && first.body.value[0]).toMatchObject({
      popo: { type: 'signature' },
      certReq: { controls: [{ type: '1.3.6.1.5.5.7.5.1.5' }] },
    });
    expect(warnings).toEqual([]);
  });

  it.each<[string, Scene]>([
    ['the configuration does not say so', { change: { renewal: 'SameAsEnrollment' } }],
    ['it is no renewal', { previous: 'absent' }],
  ])('is not tried where %s', async (_name, given) => {
    const { ca, enroll, warnings } = scene(given);
    expect(await enroll()).toMatchObject({ kind: 'issued', details: { body: 'ir' }, notes: [] });
    expect(ca.bodies).toEqual(FIRST);
    expect(warnings).toEqual([]);
  });

  it.each<[string, Scene, RegExp]>([
    ['cannot be found', { previous: 'none' }, /cannot be found/],
    ['is no certificate', { previous: { certificatesPem: 'nonsense' } }, /previous\.certificatesPem: /],
    ['has expired', { now: after }, /it expired at/],
    ['has another key', { previous: { privateKeyPem: text('server.key') } }, /not the key of the first certificate/],
    ['has a key that cannot be read', { previous: { privateKeyPem: 'nonsense' } }, /previous\.privateKeyPem: /],
    [
      'may not sign',
      { previous: { certificatesPem: text('server-no-sign.crt'), privateKeyPem: text('server.key') } },
      /does not allow digitalSignature/,
    ],
    [
      'has another subject',
      { previous: { certificatesPem: text('new-other-subject.crt') + text('issuing.crt') } },
      /asks for other names/,
    ],
    [
      'has other alternative names',
      { previous: { certificatesPem: text('new-more-names.crt') + text('issuing.crt') } },
      /asks for other names/,
    ],
    [
      'comes from a CA that is not trusted',
      { previous: { certificatesPem: text('new-other-root.crt') } },
      /no configured trust anchor/,
    ],
  ])('is a first certificate when the old one %s', async (_name, given, why) => {
    const { ca, enroll, warnings } = scene(given);
    const outcome = await enroll();
    expect(outcome).toMatchObject({ kind: 'issued', details: { body: 'ir' } });
    expect(outcome.kind === 'issued' && outcome.notes[0]).toMatch(
      /^asked for as a first certificate: the certificate to be replaced cannot be used: /,
    );
    expect(outcome.kind === 'issued' && outcome.notes[0]).toMatch(why);
    expect(ca.bodies).toEqual(FIRST);
    expect(warnings).toEqual([expect.stringContaining('a first certificate is asked for instead')]);
  });

  it.each<[string, PKIStatusInfo, boolean]>([
    ['certRevoked', { status: 'rejection', failInfo: ['certRevoked'] }, false],
    ['badCertId', { status: 'rejection', failInfo: ['badCertId'] }, false],
    ['signerNotTrusted', { status: 'rejection', failInfo: ['signerNotTrusted'] }, false],
    ['badMessageCheck', { status: 'rejection', failInfo: ['badMessageCheck'] }, false],
    ['keyUpdateWarning', { status: 'keyUpdateWarning' }, false],
    ['signerNotTrusted without protection', { status: 'rejection', failInfo: ['signerNotTrusted'] }, true],
  ])('becomes a first certificate when the CA says %s', async (_name, status, unprotected) => {
    const { ca, enroll, warnings } = scene(toKur(status, unprotected));
    const outcome = await enroll();
    expect(outcome).toMatchObject({
      kind: 'issued',
      details: { body: 'ir' },
      notes: [expect.stringMatching(/^asked for as a first certificate: the key update was refused: /)],
    });
    expect(ca.bodies).toEqual(['kur', ...FIRST]);
    expect(warnings).toHaveLength(1);
  });

  it('becomes a first certificate for keyUpdateWarning in a kup, too', async () => {
    const { ca, enroll } = scene({
      twist: ({ body }) =>
        body.type === 'kur'
          ? { body: { type: 'kup', value: { response: [{ certReqId: 0, status: { status: 'keyUpdateWarning' } }] } } }
          : undefined,
    });
    expect(await enroll()).toMatchObject({ kind: 'issued', details: { body: 'ir' } });
    expect(ca.bodies).toEqual(['kur', ...FIRST]);
  });

  it.each<[string, PKIStatusInfo, boolean, string]>([
    ['badCertTemplate', { status: 'rejection', failInfo: ['badCertTemplate'] }, false, 'request'],
    ['badPOP', { status: 'rejection', failInfo: ['badPOP'] }, false, 'request'],
    ['nothing in particular', { status: 'rejection' }, false, 'request'],
    ['systemUnavail', { status: 'rejection', failInfo: ['systemUnavail'] }, false, 'transient'],
    ['nothing in particular, unprotected', { status: 'rejection' }, true, 'unauthenticated'],
  ])('stays refused when the CA says %s', async (_name, status, unprotected, retry) => {
    const { ca, enroll } = scene(toKur(status, unprotected));
    await expect(enroll()).rejects.toMatchObject({ code: 'Rejected', retry });
    expect(ca.bodies).toEqual(['kur']);
  });

  it('does not take the old certificate for a new one', async () => {
    const { ca, enroll } = scene({ previous: { certificatesPem: text('new.crt') + text('issuing.crt') } });
    await expect(enroll()).rejects.toMatchObject({ code: 'CertificateRefused' });
    expect(ca.bodies).toEqual(UPDATE);
  });

  it('does not start again when its confirmation is refused', async () => {
    const failInfo: PKIStatusInfo = { status: 'rejection', failInfo: ['badCertId'] };
    const { ca, enroll } = scene({
      twist: ({ body }) =>
        body.type === 'certConf' ? { body: { type: 'error', value: { pKIStatusInfo: failInfo } } } : undefined,
    });
    await expect(enroll()).rejects.toMatchObject({ code: 'Rejected', retry: 'transaction' });
    expect(ca.bodies).toEqual(UPDATE);
  });

  it('ends with what becomes of the first certificate', async () => {
    const { enroll } = scene({
      twist: ({ body }) => {
        const failInfo = body.type === 'kur' ? 'certRevoked' : 'notAuthorized';
        return { body: { type: 'error', value: { pKIStatusInfo: { status: 'rejection', failInfo: [failInfo] } } } };
      },
    });
    await expect(enroll()).rejects.toMatchObject({ failInfo: ['notAuthorized'], retry: 'issuer' });
  });
});

describe('a renewal that the CA puts off', () => {
  const waiting: PKIBody = { type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } };

  /** Puts off what is `delayed`, and answers its second pollReq with `then`. */
  async function pending(delayed: 'kur' | 'ir', then: PKIBody, given: Scene = {}) {
    let polls = 0;
    const all = scene({
      ...given,
      twist: (message) => {
        const { type } = message.body;
        if (type === delayed) return { body: waiting };
        return type === 'pollReq' && ++polls > 1 ? { body: then } : given.twist?.(message);
      },
    });
    const outcome = await all.enroll();
    if (outcome.kind !== 'pending') throw new Error('not pending');
    const state: Record<string, unknown> = JSON.parse(JSON.stringify(outcome.state));
    return { ...all, resume: (request = all.request) => all.enroller.resume(request, state, signal) };
  }

  it('goes on under the old key', async () => {
    const { ca, resume } = await pending('kur', granted('kup'));
    expect(await resume()).toMatchObject({ kind: 'issued', details: { body: 'kur' }, notes: [] });
    expect(ca.bodies).toEqual(['kur', 'pollReq', 'pollReq', 'certConf']);
    expect(ca.received.some(isMac)).toBe(false);
  });

  it('becomes a first certificate when the CA then says that the old one is of no use', async () => {
    const revoked: PKIBody = {
      type: 'error',
      value: { pKIStatusInfo: { status: 'rejection', failInfo: ['certRevoked'] } },
    };
    const { ca, resume } = await pending('kur', revoked);
    expect(await resume()).toMatchObject({ kind: 'issued', details: { body: 'ir' } });
    expect(ca.bodies).toEqual(['kur', 'pollReq', 'pollReq', ...FIRST]);
  });

  it('becomes a first certificate when the old one is gone meanwhile', async () => {
    const { ca, request, resume } = await pending('kur', granted('kup'));
    const outcome = await resume({ ...request, previous: async () => undefined });
    expect(outcome).toMatchObject({
      kind: 'issued',
      details: { body: 'ir' },
      notes: [expect.stringContaining('found')],
    });
    expect(ca.bodies).toEqual(['kur', 'pollReq', ...FIRST]);
  });

  it('starts anew for another old certificate', async () => {
    const { ca, request, resume } = await pending('kur', {
      type: 'pollRep',
      value: [{ certReqId: -1, checkAfter: 7 }],
    });
    const other = { ...usable, certificatesPem: text('new.crt') + text('issuing.crt') };
    expect(await resume({ ...request, previous: async () => other })).toMatchObject({ kind: 'pending' });
    expect(ca.bodies).toEqual(['kur', 'pollReq', 'kur', 'pollReq']);
  });

  it('still tells why it is a first certificate', async () => {
    const { resume } = await pending('ir', granted('ip'), toKur({ status: 'rejection', failInfo: ['certRevoked'] }));
    expect(await resume()).toMatchObject({
      kind: 'issued',
      details: { body: 'ir' },
      notes: [expect.stringContaining('the key update was refused')],
    });
  });
});

describe('a key update or nothing', () => {
  const change = { renewal: 'OnlyKUR' } as const;
  it.each<[string, Scene, object]>([
    ['the old certificate cannot be used', { previous: 'none' }, { code: 'ConfigurationInvalid' }],
    ['there is no old certificate', { previous: 'absent' }, { code: 'ConfigurationInvalid' }],
    [
      'the CA has no use for it',
      toKur({ status: 'rejection', failInfo: ['certRevoked'] }),
      { code: 'Rejected', failInfo: ['certRevoked'] },
    ],
  ])('fails where %s', async (_name, given, error) => {
    const { ca, enroll } = scene({ ...given, change });
    await expect(enroll()).rejects.toMatchObject(error);
    expect(ca.bodies).not.toContain('ir');
  });

  it('works where it can', async () =>
    expect(await scene({ change }).enroll()).toMatchObject({ kind: 'issued', details: { body: 'kur' } }));
});
