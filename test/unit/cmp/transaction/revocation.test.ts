import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { REVOCATION_REASONS, type RevocationReason } from '../../../../src/cmp/revocation-reason.js';
import { type CmpSession, revokeCertificate, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import { type Certificate, NULL_DN } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { sandboxSession, signatureOf } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();
let ca: SandboxCa;
let sessions: CmpSession[] = [];

beforeAll(async () => {
  ca = await startSandboxCa();
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

async function issue(): Promise<Certificate> {
  const issued = await startEnrollment(request(), sessionFor(), signal);
  if (issued.kind !== 'issued') throw new Error('nothing was issued');
  return issued.certificate;
}

const stateOf = (certificate: Certificate) => ca.ledger.find(certificate.serialHex)?.state;

describe('a revocation', () => {
  const reasons = Object.keys(REVOCATION_REASONS).filter((reason) => reason !== 'removeFromCRL') as RevocationReason[];
  it.each(reasons)('for the reason %s is told to the CA', async (reason) => {
    const certificate = await issue();
    const result = await revokeCertificate({ certificate, reason }, sessionFor(), signal);
    expect(result).toMatchObject({ already: false, notes: [], facts: { protection: 'PasswordBasedMac' } });
    expect(ca.ledger.find(certificate.serialHex)).toMatchObject({
      state: 'revoked',
      reason: `reason ${REVOCATION_REASONS[reason]}`,
    });
  });

  it('that was made before counts as done', async () => {
    const certificate = await issue();
    const wish = { certificate, reason: 'superseded' } as const;
    await revokeCertificate(wish, sessionFor(), signal);
    await expect(revokeCertificate(wish, sessionFor(), signal)).resolves.toMatchObject({
      already: true,
      notes: [expect.stringContaining('revoked already')],
    });
  });

  it('on hold is lifted; what is not on hold is told', async () => {
    const certificate = await issue();
    await revokeCertificate({ certificate, reason: 'certificateHold' }, sessionFor(), signal);
    await revokeCertificate({ certificate, reason: 'removeFromCRL' }, sessionFor(), signal);
    expect(stateOf(certificate)).toBe('confirmed');
    await expect(
      revokeCertificate({ certificate, reason: 'removeFromCRL' }, sessionFor(), signal),
    ).rejects.toMatchObject({ code: 'Rejected', failInfo: ['badRequest'] });
  });

  it('is asked for by a registration authority that signs', async () => {
    const certificate = await issue();
    const credential = signatureOf(await ca.issueClientCertificate('ra'));
    const result = await revokeCertificate(
      { certificate, reason: 'unspecified' },
      sessionFor('', { credential }),
      signal,
    );
    expect(result.facts.protection).toBe('ECDSA with SHA-256');
    expect(stateOf(certificate)).toBe('revoked');
  });

  it('that the CA puts off is waited for', async () => {
    const certificate = await issue();
    const clock = new HastyClock(new Date());
    const waits: [number, string][] = [];
    const patient = sessionFor('poll', { clock, onWait: (milliseconds, reason) => waits.push([milliseconds, reason]) });
    await revokeCertificate({ certificate, reason: 'superseded' }, patient, signal);
    expect(stateOf(certificate)).toBe('revoked');
    expect(waits).toEqual([
      [1_000, 'an operator is looking at the request'],
      [1_000, 'an operator is looking at the request'],
    ]);
  });

  it('that the CA puts off for ever is called off at the deadline', async () => {
    const certificate = await issue();
    const before = ca.ledger.messages['error'] ?? 0;
    const impatient = sessionFor('poll-for-ever', { maxPollingMs: 5_000 });
    await expect(revokeCertificate({ certificate, reason: 'superseded' }, impatient, signal)).rejects.toMatchObject({
      code: 'PollingExpired',
      retry: 'transaction',
    });
    expect((ca.ledger.messages['error'] ?? 0) - before).toBe(1);
    expect(stateOf(certificate)).toBe('confirmed');
  });

  it('ends with the signal', async () => {
    const certificate = await issue();
    const stop = new AbortController();
    const waiting = sessionFor('poll-for-ever', { onWait: () => stop.abort(new Error('enough')) });
    await expect(revokeCertificate({ certificate, reason: 'superseded' }, waiting, stop.signal)).rejects.toThrow(
      'enough',
    );
  });
});

describe('what is no revocation is told apart:', () => {
  it.each([
    ['revocation-other-serial', { code: 'ResponseMalformed', retry: 'transaction', message: /another certificate/ }],
    ['revocation-other-issuer', { code: 'ResponseMalformed', retry: 'transaction', message: /another certificate/ }],
    ['revocation-two-rev-certs', { code: 'ResponseMalformed', retry: 'transaction' }],
    ['revocation-two-statuses', { code: 'ResponseMalformed', retry: 'transaction', message: /2 statuses/ }],
    ['reject-bad-cert-id', { code: 'Rejected', retry: 'request', failInfo: ['badCertId'] }],
    ['reject-not-authorized', { code: 'Rejected', retry: 'issuer' }],
    ['reject-system-unavail', { code: 'Rejected', retry: 'transient' }],
    ['error', { code: 'Rejected', retry: 'transient', failInfo: ['systemFailure'] }],
    ['error-unprotected', { code: 'Rejected', retry: 'unauthenticated' }],
    ['message-unprotected', { code: 'ProtectionMissing', retry: 'unauthenticated' }],
    ['message-bad-protection', { code: 'ProtectionInvalid', retry: 'unauthenticated' }],
    ['message-wrong-recip-nonce', { code: 'HeaderMismatch' }],
    ['message-repeated-sender-nonce', { code: 'HeaderMismatch' }],
    ['message-wrong-transaction-id', { code: 'HeaderMismatch' }],
    ['message-wrong-body-type', { code: 'UnexpectedBody', retry: 'transaction' }],
    ['http-reset', { code: 'ConnectionFailed', retry: 'transient' }],
  ])('%s', async (behaviour, { message = /./, ...expected }: { code: string; message?: RegExp }) => {
    const certificate = await issue();
    await expect(
      revokeCertificate({ certificate, reason: 'superseded' }, sessionFor(behaviour), signal),
    ).rejects.toMatchObject({ ...expected, message: expect.stringMatching(message) });
  });

  it('another CA, an unknown certificate, and somebody without the right', async () => {
    const certificate = await issue();
    const other = { issuer: NULL_DN, serialNumber: certificate.serialNumber };
    const unknown = { issuer: certificate.issuer, serialNumber: 1n };
    for (const named of [other, unknown]) {
      await expect(
        revokeCertificate({ certificate: named, reason: 'superseded' }, sessionFor(), signal),
      ).rejects.toMatchObject({ code: 'Rejected', retry: 'request', failInfo: ['badCertId'] });
    }
  });

  it.each([
    ['revocationWarning', /will revoke/],
    ['revocationNotification', /announces/],
    ['grantedWithMods', /modifications/],
  ] as const)('status %s is a revocation with a note', async (status, note) => {
    ca.behaviours.set('odd-status', { revocationStatus: status });
    const certificate = await issue();
    const result = await revokeCertificate({ certificate, reason: 'superseded' }, sessionFor('odd-status'), signal);
    expect(result.notes).toEqual([expect.stringMatching(note)]);
  });

  it.each([
    ['waiting', 'transient'],
    ['keyUpdateWarning', 'request'],
  ] as const)('status %s is none', async (status, retry) => {
    ca.behaviours.set('odd-status', { revocationStatus: status });
    const certificate = await issue();
    await expect(
      revokeCertificate({ certificate, reason: 'superseded' }, sessionFor('odd-status'), signal),
    ).rejects.toMatchObject({ code: 'Rejected', retry });
  });
});
