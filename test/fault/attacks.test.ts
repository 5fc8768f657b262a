import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnrollmentErrorCode, RetryClass } from '../../src/enrollment/error.js';
import { MESSAGE_FAULTS, type MessageFault, type Stage } from '../../src/sandbox/ca/behaviour.js';
import { type ClientCertificate, type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { enrollWith, type Protection, victimConfig } from '../support/victim.js';

let ca: SandboxCa;
let client: ClientCertificate;
beforeAll(async () => {
  ca = await startSandboxCa();
  client = await ca.issueClientCertificate('registration authority');
});
afterAll(() => ca.close());

/** Code, class, and what the message must say; or that it does no harm. */
type Expected = 'issued' | 'pending' | readonly [EnrollmentErrorCode, RetryClass, RegExp?];

const unauthenticated = (code: EnrollmentErrorCode, message?: RegExp): Expected =>
  message === undefined ? [code, 'unauthenticated'] : [code, 'unauthenticated', message];
const notDer = (reason: RegExp): Expected => ['ResponseMalformed', 'unauthenticated', reason];
const mac = (reason: RegExp): Expected => ['ProtectionInvalid', 'unauthenticated', reason];
const contradiction = (reason: RegExp): Expected => ['ResponseMalformed', 'transaction', reason];
const untrusted = (reason: RegExp): Expected => ['SignerUntrusted', 'issuer', reason];

async function hold(config: ReturnType<typeof victimConfig>, expected: Expected): Promise<void> {
  const before = ca.ledger.certificates.length;
  const outcome = enrollWith(config);
  if (typeof expected === 'string') {
    await expect(outcome).resolves.toMatchObject({ kind: expected });
    return;
  }
  const [code, retry, message = /./] = expected;
  await expect(outcome).rejects.toMatchObject({
    name: 'EnrollmentError',
    code,
    retry,
    message: expect.stringMatching(message),
  });
  const left = ca.ledger.certificates.slice(before).map(({ state }) => state);
  // A certConf that arrived is confirmed, whatever was done to its answer; it never came to that otherwise.
  if (code !== 'UnexpectedBody') expect(left).not.toContain('confirmed');
}

/** What the CA does that means harm. Where MAC and signature fare alike there is one entry. */
const attacks: Readonly<Record<string, Expected | Readonly<Record<Protection, Expected>>>> = {
  'attack-pbm-huge-iterations': { MAC: mac(/iteration count 2000000000/), signature: 'issued' },
  'attack-pbm-few-iterations': { MAC: mac(/iteration count 1 /), signature: 'issued' },
  'attack-pbm-short-salt': { MAC: mac(/salt 4 /), signature: 'issued' },
  'attack-pbm-huge-salt': { MAC: mac(/salt 4000 /), signature: 'issued' },
  'attack-pbm-sha1': { MAC: mac(/SHA-1/), signature: 'issued' },
  'attack-signer-bystander': untrusted(/Bystander.*neither the configured recipient/),
  'attack-signer-without-key-usage': untrusted(/digitalSignature/),
  'attack-signer-other-sender': untrusted(/nobody knows by whom/),
  'attack-body-encrypted-certificate': contradiction(/encrypted certificate/),
  'attack-body-private-key': contradiction(/private key/),
  // They help nobody, and harm nobody.
  'attack-body-strange-ca-pubs': 'issued',
  'attack-body-many-ca-pubs': 'issued',
  'attack-octets-many-extra-certs': 'issued',
  'attack-body-terminal-escapes': ['Rejected', 'request', /^[^\p{Cc}\p{Cf}]{1,700}$/u],
  'attack-octets-truncated-protection': { MAC: mac(/4 octets instead of 32/), signature: mac(/does not verify/) },
  'attack-octets-algorithm-without-protection': unauthenticated('ProtectionInvalid', /no protection/),
  'attack-octets-unknown-field': notDer(/unknown, repeated or out of order/),
  'attack-octets-repeated-field': notDer(/unknown, repeated or out of order/),
  'attack-octets-indefinite-length': notDer(/indefinite length/),
  'attack-octets-padded-length': notDer(/more octets than needed/),
  'attack-octets-deep-nesting': notDer(/nested deeper/),
  // Nothing there to spoil unless the CA wants time, see below.
  'attack-body-negative-check-after': 'issued',
  'attack-body-two-poll-entries': 'issued',
  'attack-body-other-poll-entry': 'issued',
  'poll+attack-body-negative-check-after': contradiction(/-5 s/),
  'poll+attack-body-two-poll-entries': contradiction(/2 entries/),
  'poll+attack-body-other-poll-entry': contradiction(/about certReqId 1/),
  // No certificate of a stranger becomes trustworthy because its root comes along.
  'certificate-untrusted-issuer+attack-body-strange-ca-pubs': ['ChainIncomplete', 'issuer'],
};

const bothWays = (name: string, expected: (typeof attacks)[string]) =>
  (['MAC', 'signature'] as const).map(
    (protection) =>
      [name, protection, typeof expected === 'object' && 'MAC' in expected ? expected[protection] : expected] as const,
  );

describe('an attack by the CA itself', () => {
  it.each(Object.entries(attacks).flatMap(([name, expected]) => bothWays(name, expected)))(
    '%s (%s) comes to nothing',
    (behaviour, protection, expected) => hold(victimConfig(ca, client, behaviour, protection), expected),
  );

  it('is told here, whatever the CA can do', () => {
    const known = ca.behaviours.names().filter((name) => name.startsWith('attack-'));
    expect(known.filter((name) => !(name in attacks))).toEqual([]);
  });
});

const header = unauthenticated('HeaderMismatch');
const signerUnknown = { MAC: mac(/does not verify/), signature: untrusted(/no way leads/) };

/** What becomes of a spoilt answer that says "wait", and of a spoilt final answer after waiting. */
const whileWaiting: Readonly<Record<MessageFault, (typeof attacks)[string]>> = {
  unprotected: unauthenticated('ProtectionMissing'),
  badProtection: mac(/does not verify/),
  untrustedSigner: signerUnknown,
  wrongRecipNonce: header,
  missingRecipNonce: header,
  wrongTransactionID: header,
  missingTransactionID: header,
  shortSenderNonce: header,
  missingSenderNonce: header,
  repeatedSenderNonce: header,
  wrongCertReqId: contradiction(/4711/),
  wrongBodyType: ['UnexpectedBody', 'transaction'],
  oldPvno: header,
  staleMessageTime: 'issued',
  noExtraCerts: { MAC: 'issued', signature: untrusted(/nobody knows by whom/) },
};

/** The same for the last word. A forged confirmation confirms nothing; the certificate is kept, but not handed out. */
const atTheEnd: Readonly<Record<MessageFault, (typeof attacks)[string]>> = {
  unprotected: 'pending',
  badProtection: 'pending',
  untrustedSigner: 'pending',
  wrongRecipNonce: 'pending',
  missingRecipNonce: 'pending',
  wrongTransactionID: 'pending',
  missingTransactionID: 'pending',
  shortSenderNonce: 'pending',
  missingSenderNonce: 'pending',
  repeatedSenderNonce: 'pending',
  // pkiconf has none.
  wrongCertReqId: 'issued',
  wrongBodyType: ['UnexpectedBody', 'transaction'],
  // Sent again, certConf meets an error that is true though of version 1: the first one had arrived.
  oldPvno: 'issued',
  staleMessageTime: 'issued',
  // The signer is known from the answer before.
  noExtraCerts: 'issued',
};

const stages = [
  ['poll', whileWaiting, { polling: { polls: 1, checkAfterSeconds: 1 } }],
  ['confirmation', atTheEnd, {}],
] as const satisfies readonly (readonly [Stage, object, object])[];

describe.each(stages)('an attack on answers of the stage "%s"', (stage, table, behaviour) => {
  beforeAll(() => {
    for (const fault of MESSAGE_FAULTS) {
      ca.behaviours.set(`at-${stage}-${fault}`, { ...behaviour, faults: { list: [fault], stages: [stage] } });
    }
  });

  it.each(MESSAGE_FAULTS.flatMap((fault) => bothWays(fault, table[fault])))(
    '%s (%s) brings no certificate',
    async (fault, protection, expected) => {
      const spoilt = victimConfig(ca, client, `at-${stage}-${fault}`, protection);
      await hold(spoilt, expected);
    },
  );
});
