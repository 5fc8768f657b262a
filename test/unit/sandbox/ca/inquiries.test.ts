import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OID } from '../../../../src/cmp/oids.js';
import { reasonCodeExtension } from '../../../../src/cmp/revocation-reason.js';
import type { CertTemplate, PKIBody } from '../../../../src/cmp/schema/index.js';
import { type Certificate, NULL_DN } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { bySignature, certificateIn, macOf, p10cr, TestTransaction } from './test-client.js';

let ca: SandboxCa;
beforeAll(async () => {
  ca = await startSandboxCa();
});
afterAll(() => ca.close());

const issue = async (): Promise<Certificate> => certificateIn(await new TestTransaction(ca).send(p10cr()));

function rr({ issuer, serialNumber }: Certificate, change: Partial<CertTemplate> = {}, reason = true): PKIBody {
  const crlEntryDetails = reason ? { crlEntryDetails: [reasonCodeExtension('superseded')] } : {};
  return { type: 'rr', value: [{ certDetails: { issuer, serialNumber, ...change }, ...crlEntryDetails }] };
}

/** Body type and failInfo of a refusal. */
async function refusal(body: PKIBody, transaction = new TestTransaction(ca)): Promise<readonly string[]> {
  const { body: answer } = await transaction.send(body);
  if (answer.type === 'rp') return ['rp', ...(answer.value.status[0]?.failInfo ?? [])];
  if (answer.type === 'error') return ['error', ...(answer.value.pKIStatusInfo.failInfo ?? [])];
  return [answer.type];
}

describe('a revocation at the sandbox CA', () => {
  it.each<[string, (certificate: Certificate) => PKIBody, readonly string[]]>([
    ['another issuer', (certificate) => rr(certificate, { issuer: NULL_DN }), ['rp', 'badCertId']],
    ['an unknown serial number', (certificate) => rr(certificate, { serialNumber: 1n }), ['rp', 'badCertId']],
    ['no issuer', (certificate) => rr(certificate, { issuer: undefined }), ['rp', 'addInfoNotAvailable']],
    ['no serial number', (certificate) => rr(certificate, { serialNumber: undefined }), ['rp', 'addInfoNotAvailable']],
    ['no reason', (certificate) => rr(certificate, {}, false), ['rp', 'badRequest']],
    ['no certificate', () => ({ type: 'rr', value: [] }), ['error', 'badRequest']],
  ])('with %s is refused', async (_name, body, expected) => {
    const certificate = await issue();
    expect(await refusal(body(certificate))).toEqual(expected);
    expect(ca.ledger.find(certificate.serialHex)?.state).toBe('issued');
  });

  it('is refused the second time', async () => {
    const certificate = await issue();
    expect(await refusal(rr(certificate))).toEqual(['rp']);
    expect(await refusal(rr(certificate))).toEqual(['rp', 'certRevoked']);
  });

  it('with an extension that is none is refused', async () => {
    const certificate = await issue();
    const body = rr(certificate);
    const spoilt = {
      type: 'rr',
      value: [
        {
          certDetails: { issuer: certificate.issuer, serialNumber: certificate.serialNumber },
          crlEntryDetails: [Uint8Array.of(0x30, 0x00)],
        },
      ],
    } as const;
    expect(await refusal(spoilt)).toEqual(['rp', 'badDataFormat']);
    expect(await refusal(body)).toEqual(['rp']);
  });
});

describe('a support message to the sandbox CA', () => {
  it.each<[string, readonly { infoType: string; infoValue?: Uint8Array }[], readonly string[]]>([
    ['no item', [], ['error', 'badRequest']],
    ['two items', [{ infoType: OID.caCerts }, { infoType: OID.caCerts }], ['error', 'badRequest']],
    ['a question nobody knows', [{ infoType: '1.2.3.4' }], ['error', 'badRequest']],
    ['CRLs without saying which', [{ infoType: OID.crlStatusList }], ['error', 'badDataFormat']],
  ])('with %s is refused', async (_name, value, expected) => {
    expect(await refusal({ type: 'genm', value })).toEqual(expected);
  });

  it('that is put off is answered when polled for, and only to who asked', async () => {
    const transaction = new TestTransaction(ca, '/cmp/poll');
    const put = await transaction.send({ type: 'genm', value: [{ infoType: OID.caCerts }] });
    expect(put.body).toMatchObject({ type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } });
    const poll: PKIBody = { type: 'pollReq', value: [{ certReqId: -1 }] };
    const types: string[] = [];
    for (let count = 0; count < 3; count += 1) types.push((await transaction.send(poll)).body.type);
    expect(types).toEqual(['pollRep', 'pollRep', 'genp']);
    expect(await refusal(poll)).toEqual(['error', 'badRequest']);
  });
});

describe('an envelope to the sandbox CA', () => {
  const signed = async () =>
    new TestTransaction(ca, '/pkix/', bySignature(await ca.issueClientCertificate('registration authority')));
  const inner = () => new TestTransaction(ca).encode(p10cr());

  it('is opened, and the answer comes in one', async () => {
    const answer = await (await signed()).send({ type: 'nested', value: [await inner()] });
    expect(answer.body.type).toBe('nested');
  });

  it.each<[string, () => Promise<readonly Uint8Array[]>, string]>([
    ['with two messages', async () => [await inner(), await inner()], 'badRequest'],
    ['with what is no message', async () => [Uint8Array.of(0x30, 0x00)], 'badDataFormat'],
    [
      'in another one',
      async () => [await (await signed()).encode({ type: 'nested', value: [await inner()] })],
      'badRequest',
    ],
  ])('%s is refused', async (_name, messages, failInfo) => {
    const value = await messages();
    expect(await refusal({ type: 'nested', value }, await signed())).toEqual(['error', failInfo]);
  });

  it('under a MAC is refused', async () => {
    const transaction = new TestTransaction(ca, '/pkix/', macOf(ca));
    expect(await refusal({ type: 'nested', value: [await inner()] }, transaction)).toEqual(['error', 'wrongIntegrity']);
  });
});
