import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EnrollmentResult, resumeEnrollment, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { sandboxSession } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();

let ca: SandboxCa;
beforeAll(async () => {
  ca = await startSandboxCa();
  const polling = { polls: 0, checkAfterSeconds: 0 };
  // The first pollReq brings no answer yet, so that the transaction is put off.
  ca.behaviours.set('one-poll', { polling: { ...polling, polls: 1 } });
  ca.behaviours.set('one-poll-any-nonce', { polling: { ...polling, polls: 1 }, recipNonce: 'ignore' });
});
afterAll(() => ca.close());

const wish = (repeated?: boolean) => request({ repeated });

function stateOf(result: EnrollmentResult): Readonly<Record<string, unknown>> {
  if (result.kind !== 'pending') throw new Error('not pending');
  return JSON.parse(JSON.stringify(result.state));
}

describe('a transaction whose last answer may have been the certificate', () => {
  it.each([
    ['badRecipientNonce', 'one-poll'],
    ['badRequest', 'one-poll-any-nonce'],
  ])('is given up, and what may be left of it named, when the CA says %s', async (failInfo, behaviour) => {
    const session = sandboxSession(ca, behaviour);
    const state = stateOf(await startEnrollment(wish(), session, signal));
    const issued = await resumeEnrollment(wish(), state, session, signal);
    if (issued.kind !== 'issued') throw new Error('not issued');
    const { transactionID } = issued.facts;
    // Whoever does not know of that resumes from where it was, e.g. another process.
    await expect(resumeEnrollment(wish(true), state, session, signal)).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'transaction',
      failInfo: [failInfo],
      leftover: { state: 'unknown', transactionID },
    });
    await session.transport.close();
  });

  it('is refused for good where no earlier pollReq can have been answered', async () => {
    const session = sandboxSession(ca, 'poll+reject-bad-request');
    const state = stateOf(await startEnrollment(wish(), session, signal));
    const again = stateOf(await resumeEnrollment(wish(), state, session, signal));
    const refused = resumeEnrollment(wish(), again, session, signal);
    await expect(refused).rejects.toMatchObject({ code: 'Rejected', retry: 'request', leftover: undefined });
    await session.transport.close();
  });

  it.each([
    ['an error that is about the request', 'reject-bad-cert-template'],
    ['the refusal of the certificate itself', 'reject-bad-request'],
  ])('is refused for good by %s, even so', async (_name, rejection) => {
    const session = sandboxSession(ca, `one-poll+${rejection}`);
    const state = stateOf(await startEnrollment(wish(), session, signal));
    const refused = resumeEnrollment(wish(true), state, session, signal);
    await expect(refused).rejects.toMatchObject({ code: 'Rejected', retry: 'request', leftover: undefined });
    await session.transport.close();
  });
});

describe('an answer that contradicts itself', () => {
  it.each([
    'status-accepted-without-certificate',
    'status-accepted-with-fail-info',
    'status-two-responses',
    'status-no-response',
    'message-wrong-cert-req-id',
    'message-wrong-body-type',
    'attack-body-encrypted-certificate',
  ])('(%s) leaves the name of its transaction: the CA issued', async (behaviour) => {
    const session = sandboxSession(ca, behaviour);
    const before = ca.ledger.certificates.length;
    const [error] = await Promise.allSettled([startEnrollment(wish(), session, signal)]);
    const [entry] = ca.ledger.certificates.slice(before);
    expect(error).toMatchObject({
      status: 'rejected',
      reason: { retry: 'transaction', leftover: { state: 'unknown', transactionID: entry?.transactionID } },
    });
    await session.transport.close();
  });

  it.each(['reject-bad-time', 'reject-bad-pop', 'error'])(
    'but a plain refusal (%s) leaves nothing',
    async (behaviour) => {
      const session = sandboxSession(ca, behaviour);
      await expect(startEnrollment(wish(), session, signal)).rejects.toMatchObject({
        code: 'Rejected',
        leftover: undefined,
      });
      await session.transport.close();
    },
  );
});
