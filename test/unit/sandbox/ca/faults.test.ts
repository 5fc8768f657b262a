import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { octetsEqual } from '../../../../src/asn1/index.js';
import type { ReceivedMessage } from '../../../../src/cmp/message.js';
import {
  LEGACY_PBM_POLICY,
  PbmKeys,
  type Protector,
  verifyMac,
  verifySignature,
} from '../../../../src/cmp/protection/index.js';
import { Certificate } from '../../../../src/pki/index.js';
import {
  type CertificateFault,
  type MessageFault,
  type SandboxCa,
  type StatusContradiction,
  startSandboxCa,
} from '../../../../src/sandbox/ca/index.js';
import { bySignature, CSR, certificateIn, ir, macOf, TestTransaction } from './test-client.js';

let ca: SandboxCa;
let signed: Protector;

beforeAll(async () => {
  ca = await startSandboxCa();
  signed = bySignature(await ca.issueClientCertificate('ra'));
});

afterAll(() => ca.close());

const equal = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && octetsEqual(a, b);

/** What is wrong with an answer to an ir; nothing if the CA behaves. */
async function findings(answer: ReceivedMessage, transaction: TestTransaction): Promise<string[]> {
  const { header, body, protection, extraCerts } = answer;
  const response = body.type === 'ip' ? body.value.response : [];
  const checks: [boolean, string][] = [
    [protection !== undefined, 'not protected'],
    [protection === undefined || (await isProtectedByUs(answer)), 'protection does not verify'],
    [equal(header.transactionID, transaction.transactionID), 'transactionID'],
    [equal(header.recipNonce, transaction.senderNonce), 'recipNonce'],
    [header.senderNonce?.length === 16, 'senderNonce'],
    [!equal(header.senderNonce, transaction.senderNonce), 'senderNonce repeated'],
    [header.pvno === 2, 'pvno'],
    [Math.abs((header.messageTime?.getTime() ?? 0) - Date.now()) < 300_000, 'messageTime'],
    [body.type === 'ip', 'body type'],
    [body.type !== 'ip' || response.every(({ certReqId }) => certReqId === 0), 'certReqId'],
    [extraCerts.length > 0, 'extraCerts'],
  ];
  return checks.filter(([good]) => !good).map(([, what]) => what);
}

async function isProtectedByUs(answer: ReceivedMessage): Promise<boolean> {
  try {
    if (answer.header.senderKID?.length !== 20) {
      await verifyMac(answer, new PbmKeys(Buffer.from(ca.credentials.secret)), { pbm: LEGACY_PBM_POLICY });
    } else {
      verifySignature(answer, new X509Certificate(ca.signerPem).publicKey);
    }
    return true;
  } catch {
    return false;
  }
}

describe('faults of messages', () => {
  const table: [MessageFault, string[]][] = [
    ['unprotected', ['not protected']],
    ['badProtection', ['protection does not verify']],
    ['untrustedSigner', ['protection does not verify']],
    ['wrongRecipNonce', ['recipNonce']],
    ['missingRecipNonce', ['recipNonce']],
    ['wrongTransactionID', ['transactionID']],
    ['missingTransactionID', ['transactionID']],
    ['shortSenderNonce', ['senderNonce']],
    ['missingSenderNonce', ['senderNonce']],
    ['repeatedSenderNonce', ['senderNonce repeated']],
    ['wrongCertReqId', ['certReqId']],
    ['wrongBodyType', ['body type']],
    ['oldPvno', ['pvno']],
    ['staleMessageTime', ['messageTime']],
    ['noExtraCerts', ['extraCerts']],
  ];

  describe.each(['MAC', 'signature'])('protected by %s', (kind) => {
    const protector = () => (kind === 'MAC' ? macOf(ca) : signed);

    it.each([[undefined, []] as const, ...table])('%s: exactly that is wrong', async (fault, expected) => {
      if (fault !== undefined) ca.behaviours.set('fault', { faults: { list: [fault] } });
      const transaction = new TestTransaction(ca, fault === undefined ? '/pkix/' : '/cmp/fault', protector());
      expect(await findings(await transaction.send(ir()), transaction)).toEqual(expected);
    });
  });

  it('can be limited to stages', async () => {
    ca.behaviours.set('fault', {
      faults: { list: ['unprotected'], stages: ['poll', 'confirmation'] },
      polling: { polls: 0, checkAfterSeconds: 0 },
    });
    const transaction = new TestTransaction(ca, '/cmp/fault');
    expect((await transaction.send(ir())).protection).toBeUndefined();
    expect((await transaction.send({ type: 'pollReq', value: [{ certReqId: 0 }] })).protection).toBeDefined();
    expect((await transaction.send({ type: 'certConf', value: [] })).protection).toBeUndefined();
  });
});

describe('faults of certificates', () => {
  const issued = (certificate: Certificate): boolean => {
    const issuer = new X509Certificate(ca.chainPem);
    return new X509Certificate(certificate.der).verify(issuer.publicKey);
  };
  const found = (certificate: Certificate): string[] => {
    const now = new Date();
    const checks: [boolean, string][] = [
      [equal(certificate.spki, CSR.spki), 'key'],
      [issued(certificate), 'signature'],
      [certificate.notAfter > now, 'expired'],
      [certificate.notBefore <= now, 'not yet valid'],
      [equal(certificate.subject, CSR.subject), 'subject'],
      [!certificate.isCA, 'CA'],
    ];
    return checks.filter(([good]) => !good).map(([, what]) => what);
  };

  it.each<[CertificateFault | undefined, string]>([
    [undefined, ''],
    ['wrongKey', 'key'],
    ['untrustedIssuer', 'signature'],
    ['badSignature', 'signature'],
    ['expired', 'expired'],
    ['notYetValid', 'not yet valid'],
    ['wrongSubject', 'subject'],
    ['certificateAuthority', 'CA'],
  ])('%s', async (fault, expected) => {
    ca.behaviours.set('fault', fault === undefined ? {} : { certificate: fault });
    const answer = await new TestTransaction(ca, '/cmp/fault').send(ir());
    expect(found(certificateIn(answer)).join()).toBe(expected);
  });
});

describe('contradictory status', () => {
  it.each<[StatusContradiction, unknown[]]>([
    ['acceptedWithoutCertificate', [['accepted', [], false]]],
    ['acceptedWithFailInfo', [['accepted', ['badRequest'], true]]],
    ['rejectionWithCertificate', [['rejection', ['badRequest'], true]]],
    ['waitingWithCertificate', [['waiting', [], true]]],
    ['revocationWarning', [['revocationWarning', [], true]]],
    ['keyUpdateWarning', [['keyUpdateWarning', [], true]]],
    ['noResponse', []],
    [
      'twoResponses',
      [
        ['accepted', [], true],
        ['accepted', [], true],
      ],
    ],
  ])('%s', async (contradiction, expected) => {
    ca.behaviours.set('fault', { contradiction });
    const { body } = await new TestTransaction(ca, '/cmp/fault').send(ir());
    const responses = body.type === 'ip' ? body.value.response : undefined;
    expect(
      responses?.map(({ status, certifiedKeyPair }) => [
        status.status,
        status.failInfo ?? [],
        certifiedKeyPair !== undefined,
      ]),
    ).toEqual(expected);
  });
});

it('sends caPubs on demand', async () => {
  const caPubs = async (path: string) => {
    const { body } = await new TestTransaction(ca, path).send(ir());
    return body.type === 'ip' ? (body.value.caPubs ?? []).map((der) => Certificate.parse(der).subjectText) : undefined;
  };
  expect(await caPubs('/pkix/')).toEqual([]);
  expect(await caPubs('/cmp/root')).toEqual(['CN=Sandbox Root,O=CMP Sandbox']);
  expect(await caPubs('/cmp/two-roots')).toEqual([
    'CN=Sandbox Root,O=CMP Sandbox',
    'CN=Sandbox Second Root,O=CMP Sandbox',
  ]);
});

it('can name nobody as sender of answers with a MAC', async () => {
  const sender = async (path: string) => (await new TestTransaction(ca, path).send(ir())).header.sender;
  expect(await sender('/cmp/null-sender')).toEqual({
    type: 'directoryName',
    value: expect.objectContaining({ length: 2 }),
  });
  expect(await sender('/pkix/')).not.toEqual(await sender('/cmp/null-sender'));
});
