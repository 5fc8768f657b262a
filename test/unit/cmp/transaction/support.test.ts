import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OID } from '../../../../src/cmp/oids.js';
import { rootUpdateHolds } from '../../../../src/cmp/rules/index.js';
import {
  type CmpSession,
  requestCaCertificates,
  requestCertReqTemplate,
  requestCrls,
  requestCurrentCrl,
  requestRootCaUpdate,
  requestSignKeyPairTypes,
  revokeCertificate,
  startEnrollment,
} from '../../../../src/cmp/transaction/index.js';
import { type Certificate, decodeCertificates, formatName, NULL_DN, parseName } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { sandboxSession } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();
let ca: SandboxCa;
let root: Certificate;
let sessions: CmpSession[] = [];

beforeAll(async () => {
  ca = await startSandboxCa();
  const [first] = decodeCertificates(ca.rootPem);
  if (first === undefined) throw new Error('no root');
  root = first;
});
afterAll(() => ca.close());
afterEach(async () => {
  await Promise.all(sessions.map(({ transport }) => transport.close()));
  sessions = [];
});

function sessionFor(behaviour = '', change: Partial<CmpSession> = {}): CmpSession {
  const made = sandboxSession(ca, behaviour, change);
  sessions.push(made);
  return made;
}

const crlOf = (issuer: string) => [
  { source: { type: 'issuer', value: [{ type: 'directoryName', value: parseName(issuer) }] } } as const,
];

describe('a support message', () => {
  it('brings the CA certificates', async () => {
    const found = await requestCaCertificates(sessionFor(), signal);
    expect(found.map(({ sha256 }) => sha256)).toEqual(
      [ca.chainPem, ...ca.roots].flatMap((pem) => decodeCertificates(pem).map(({ sha256 }) => sha256)),
    );
  });

  it('brings the successor of a root, tied to it by both keys, and adds it to no trust', async () => {
    const client = sessionFor();
    const update = await requestRootCaUpdate(root, client, signal);
    expect(update?.newWithNew.isSelfSigned).toBe(true);
    expect(update?.newWithOld.signatureObjection(root)).toBeUndefined();
    expect(update?.oldWithNew?.spki).toEqual(root.spki);
    expect(client.anchors).toHaveLength(1);
  });

  it('says that there is no successor', async () => {
    await expect(requestRootCaUpdate(root, sessionFor('no-root-update'), signal)).resolves.toBeUndefined();
    const [, second] = ca.roots.flatMap(decodeCertificates);
    if (second === undefined) throw new Error('no second root');
    const trusting = sessionFor('', { anchors: [root, second] });
    await expect(requestRootCaUpdate(second, trusting, signal)).resolves.toBeUndefined();
  });

  it('about a root that is not trusted is never sent', async () => {
    const [, second] = ca.roots.flatMap(decodeCertificates);
    if (second === undefined) throw new Error('no second root');
    const before = ca.ledger.messages['genm'];
    await expect(requestRootCaUpdate(second, sessionFor(), signal)).rejects.toMatchObject({
      code: 'ConfigurationInvalid',
    });
    expect(ca.ledger.messages['genm']).toBe(before);
  });

  it('brings the template of requests', async () => {
    const found = await requestCertReqTemplate(sessionFor(), signal);
    expect(formatName(found?.certTemplate.subject ?? NULL_DN)).toBe('CN=,O=CMP Sandbox');
    expect(found?.keySpec).toMatchObject([{ type: OID.algId }]);
  });

  it('brings the key types', async () => {
    const found = await requestSignKeyPairTypes(sessionFor(), signal);
    expect(found.map(({ algorithm }) => algorithm)).toEqual(['1.2.840.10045.2.1', '1.2.840.113549.1.1.1']);
  });

  it('brings the CRL of an issuer, with what was revoked, and none of another', async () => {
    const issued = await startEnrollment(request(), sessionFor(), signal);
    if (issued.kind !== 'issued') throw new Error('nothing was issued');
    await revokeCertificate({ certificate: issued.certificate, reason: 'superseded' }, sessionFor(), signal);
    const [crl, ...more] = await requestCrls(crlOf(ca.caName), sessionFor(), signal);
    expect(more).toEqual([]);
    expect(crl).toMatchObject({ issuer: issued.certificate.issuer, entries: 1 });
    await expect(requestCrls(crlOf('CN=Another CA'), sessionFor(), signal)).resolves.toEqual([]);
    await expect(requestCurrentCrl(sessionFor(), signal)).resolves.toMatchObject({ entries: 1 });
  });

  it('that the CA puts off is waited for', async () => {
    const clock = new HastyClock(new Date());
    await expect(requestCaCertificates(sessionFor('poll', { clock }), signal)).resolves.toHaveLength(3);
    expect(clock.waits).toEqual([1_000, 1_000]);
  });
});

describe('an answer that does not fit the question is refused:', () => {
  it.each([
    ['support-other-info-type', { code: 'ResponseMalformed', retry: 'transaction', message: /infoType/ }],
    ['support-no-item', { code: 'ResponseMalformed', retry: 'transaction', message: /0 items/ }],
    ['support-two-items', { code: 'ResponseMalformed', retry: 'transaction', message: /2 items/ }],
    ['support-wrong-value', { code: 'ResponseMalformed', retry: 'transaction', message: /not what it should be/ }],
    ['error', { code: 'Rejected', retry: 'transient' }],
    ['reject-bad-request', { code: 'Rejected', retry: 'request' }],
    ['message-unprotected', { code: 'ProtectionMissing', retry: 'unauthenticated' }],
    ['message-bad-protection', { code: 'ProtectionInvalid', retry: 'unauthenticated' }],
  ])('%s', async (behaviour, { message = /./, ...expected }: { code: string; message?: RegExp }) => {
    const questions = [
      (client: CmpSession) => requestCaCertificates(client, signal),
      (client: CmpSession) => requestCertReqTemplate(client, signal),
      (client: CmpSession) => requestRootCaUpdate(root, client, signal),
      (client: CmpSession) => requestSignKeyPairTypes(client, signal),
      (client: CmpSession) => requestCurrentCrl(client, signal),
      (client: CmpSession) => requestCrls(crlOf(ca.caName), client, signal),
    ];
    for (const ask of questions) {
      await expect(ask(sessionFor(behaviour))).rejects.toMatchObject({
        ...expected,
        message: expect.stringMatching(message),
      });
    }
  });

  it('while an item without a value says that there is nothing to tell', async () => {
    await expect(requestCaCertificates(sessionFor('support-no-value'), signal)).resolves.toEqual([]);
    await expect(requestCertReqTemplate(sessionFor('support-no-value'), signal)).resolves.toBeUndefined();
  });
});

describe('a root update is refused when its certificates do not belong together:', () => {
  it.each([
    ['new-with-old-by-stranger', /newWithOld is not signed by the old root/],
    ['new-with-old-missing', /newWithOld is missing/],
    ['new-with-old-other-key', /different keys/],
    ['new-with-new-by-somebody-else', /newWithNew is not signed by its own key/],
    ['old-with-new-by-stranger', /oldWithNew is not signed by the new root/],
    ['old-with-new-other-key', /does not hold the key of the old root/],
    ['other-subject', /another name/],
    ['no-ca', /not a CA certificate/],
  ])('%s', async (fault, message) => {
    await expect(requestRootCaUpdate(root, sessionFor(`root-update-${fault}`), signal)).rejects.toMatchObject({
      code: 'CertificateRefused',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [-1, /not valid now/],
    [2, /newWithOld is not valid now/],
  ])('or when what vouches is not valid: %i years from now', async (years, message) => {
    const update = await requestRootCaUpdate(root, sessionFor(), signal);
    if (update?.oldWithNew === undefined) throw new Error('no update');
    const content = {
      newWithNew: update.newWithNew.der,
      newWithOld: update.newWithOld.der,
      oldWithNew: update.oldWithNew.der,
    };
    expect(rootUpdateHolds(content, root, new Date())).toMatchObject({
      newWithNew: { sha256: update.newWithNew.sha256 },
    });
    const then = new Date(Date.now() + years * 365 * 86_400_000);
    expect(() => rootUpdateHolds(content, root, then)).toThrow(
      expect.objectContaining({ code: 'CertificateRefused', message: expect.stringMatching(message) }),
    );
  });
});
