import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnrollmentErrorCode, RetryClass } from '../../src/enrollment/error.js';
import {
  type ClientCertificate,
  type SandboxCa,
  standardBehaviours,
  startSandboxCa,
} from '../../src/sandbox/ca/index.js';
import { enrollWith, type Protection, victimConfig } from '../support/victim.js';

let ca: SandboxCa;
let client: ClientCertificate;
beforeAll(async () => {
  ca = await startSandboxCa();
  client = await ca.issueClientCertificate('registration authority');
});
afterAll(() => ca.close());

const run = (behaviour: string, protection: Protection) => enrollWith(victimConfig(ca, client, behaviour, protection));

type Expected = 'issued' | 'pending' | readonly [EnrollmentErrorCode, RetryClass];

const unauthenticated = (code: EnrollmentErrorCode) => [code, 'unauthenticated'] as const;
const contradiction = ['ResponseMalformed', 'transaction'] as const;

/** What becomes of a request, by the behaviour of the CA; `reject-...` follow below. */
const outcomes: Readonly<Record<string, Expected>> = {
  poll: 'issued',
  'poll-confirmation': 'issued',
  'poll-for-ever': 'pending',
  root: 'issued',
  'two-roots': 'issued',
  mac: 'issued',
  signature: 'issued',
  'null-sender': 'issued',
  'p10cr-id-0': 'issued',
  'strict-pop': ['Rejected', 'request'],
  'original-pop': ['Rejected', 'request'],
  'no-implicit-confirm': 'issued',
  'implicit-confirm-unasked': 'issued',
  'granted-with-mods': ['CertificateRefused', 'request'],
  error: ['Rejected', 'transient'],
  'error-unprotected': unauthenticated('Rejected'),
  // A CA that is out of order has not decided: the certificate is kept, and not handed out.
  'error-instead-of-pkiconf': 'pending',
  slow: ['Timeout', 'transient'],
  'http-503': ['HttpFailed', 'transient'],
  'http-500-cmp': 'issued',
  'http-wrong-type': ['HttpFailed', 'issuer'],
  'http-no-type': ['HttpFailed', 'issuer'],
  'http-html': ['HttpFailed', 'issuer'],
  'http-redirect': ['HttpFailed', 'issuer'],
  'http-truncated-transfer': ['ConnectionFailed', 'transient'],
  'http-truncated-message': unauthenticated('ResponseMalformed'),
  'http-trailing-garbage': unauthenticated('ResponseMalformed'),
  'http-empty': unauthenticated('ResponseMalformed'),
  'http-huge': unauthenticated('ResponseTooLarge'),
  'http-silence': ['Timeout', 'transient'],
  'http-reset': ['ConnectionFailed', 'transient'],
  'http-drip': ['Timeout', 'transient'],
  'message-unprotected': unauthenticated('ProtectionMissing'),
  'message-bad-protection': unauthenticated('ProtectionInvalid'),
  'message-untrusted-signer': unauthenticated('ProtectionInvalid'),
  'message-wrong-recip-nonce': unauthenticated('HeaderMismatch'),
  'message-missing-recip-nonce': unauthenticated('HeaderMismatch'),
  'message-wrong-transaction-id': unauthenticated('HeaderMismatch'),
  'message-missing-transaction-id': unauthenticated('HeaderMismatch'),
  'message-short-sender-nonce': unauthenticated('HeaderMismatch'),
  'message-missing-sender-nonce': unauthenticated('HeaderMismatch'),
  'message-repeated-sender-nonce': unauthenticated('HeaderMismatch'),
  'message-wrong-cert-req-id': contradiction,
  'message-wrong-body-type': ['UnexpectedBody', 'transaction'],
  'message-old-pvno': unauthenticated('HeaderMismatch'),
  // Looked at only where a window is configured.
  'message-stale-message-time': 'issued',
  'message-no-extra-certs': ['ChainIncomplete', 'issuer'],
  'certificate-wrong-key': ['CertificateRefused', 'request'],
  'certificate-untrusted-issuer': ['ChainIncomplete', 'issuer'],
  'certificate-bad-signature': ['ChainIncomplete', 'issuer'],
  'certificate-expired': ['CertificateRefused', 'request'],
  'certificate-not-yet-valid': ['CertificateRefused', 'request'],
  'certificate-wrong-subject': ['CertificateRefused', 'request'],
  'certificate-certificate-authority': ['CertificateRefused', 'request'],
  'status-accepted-without-certificate': contradiction,
  'status-accepted-with-fail-info': contradiction,
  'status-rejection-with-certificate': contradiction,
  'status-waiting-with-certificate': contradiction,
  'status-two-responses': contradiction,
  'status-no-response': contradiction,
  'status-key-update-warning': ['Rejected', 'request'],
  'status-revocation-warning': ['Rejected', 'request'],
};

/** Where a signed request fares differently. */
const whenSigned: Readonly<Record<string, Expected>> = {
  mac: unauthenticated('ProtectionInvalid'),
  'message-untrusted-signer': ['SignerUntrusted', 'issuer'],
  'message-no-extra-certs': ['SignerUntrusted', 'issuer'],
};

/** Behave only once and are told apart below. */
const once: readonly string[] = ['http-503-once', 'http-reset-once', 'http-lost-answer'];

const rows = (['MAC', 'signature'] as const).flatMap((protection) =>
  Object.entries(outcomes).map(
    ([behaviour, expected]) =>
      [behaviour, protection, (protection === 'signature' ? whenSigned[behaviour] : undefined) ?? expected] as const,
  ),
);

describe('the direct backend and a CA that misbehaves', () => {
  it.each(rows)('%s (%s)', async (behaviour, protection, expected) => {
    const before = ca.ledger.certificates.length;
    if (typeof expected === 'string') {
      expect(await run(behaviour, protection)).toMatchObject({ kind: expected });
      return;
    }
    const [code, retry] = expected;
    await expect(run(behaviour, protection)).rejects.toMatchObject({ name: 'EnrollmentError', code, retry });
    // Whatever it issued in vain, it was told so, or nothing that came from it could be believed.
    const left = ca.ledger.certificates.slice(before).map(({ state }) => state);
    expect(left).not.toContain('confirmed');
    if (code === 'CertificateRefused' || code === 'ChainIncomplete') expect(left).toEqual(['rejected']);
  });

  it.each(once)('%s: the next attempt succeeds', async (behaviour) => {
    await expect(run(behaviour, 'MAC')).rejects.toMatchObject({ retry: 'transient' });
    expect(await run(behaviour, 'MAC')).toMatchObject({ kind: 'issued' });
  });

  it.each(['MAC', 'signature'] as const)('a lost pkiconf costs no second certificate (%s)', async (protection) => {
    const before = ca.ledger.certificates.length;
    ca.behaviours.set('lost-pkiconf', { http: { fault: { type: 'reset' }, times: 1, stages: ['confirmation'] } });
    expect(await run('lost-pkiconf', protection)).toMatchObject({ kind: 'issued' });
    expect(ca.ledger.certificates.slice(before)).toMatchObject([{ state: 'confirmed' }]);
  });

  it.each(['MAC', 'signature'] as const)(
    'a refused certConf takes the certificate with it (%s)',
    async (protection) => {
      const errorInsteadOfPkiConf = { failInfo: ['badRequest'], statusString: 'not that one' } as const;
      ca.behaviours.set('refused-confirmation', { errorInsteadOfPkiConf });
      await expect(run('refused-confirmation', protection)).rejects.toMatchObject({
        code: 'Rejected',
        retry: 'transaction',
        message: expect.stringMatching(/is not used.*not that one/s),
      });
    },
  );

  it('is known in all its ways', () => {
    const known = [...Object.keys(outcomes), ...once];
    const others = Object.keys(standardBehaviours).filter((name) => !known.includes(name));
    // Told by tests of their own: reasons, attacks, and what is no enrolment.
    const elsewhere = /^(reject|attack|revocation|support|root-update|no-root-update|pbmac1|nested)(-|$)/;
    expect(others.filter((name) => !elsewhere.test(name))).toEqual([]);
  });
});
