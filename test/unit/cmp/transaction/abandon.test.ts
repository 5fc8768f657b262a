import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { abandonEnrollment, resumeEnrollment, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { sandboxSession } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();
let ca: SandboxCa;
beforeAll(async () => {
  ca = await startSandboxCa();
});
afterAll(() => ca.close());

async function pending(at = ca) {
  const client = sandboxSession(at, 'poll-for-ever');
  const result = await startEnrollment(request(), client, signal);
  if (result.kind !== 'pending') throw new Error('not pending');
  return { client, state: result.state };
}

it('calls off a transaction that was put off, so that the CA issues nothing any more', async () => {
  const { client, state } = await pending();
  expect(await abandonEnrollment(state, 'the request was deleted', client, signal)).toBeUndefined();
  expect(ca.ledger.messages).toMatchObject({ error: 1 });
  await expect(resumeEnrollment(request(), state, client, signal)).rejects.toMatchObject({ code: 'Rejected' });
  expect(ca.ledger.certificates).toEqual([]);
  await client.transport.close();
});

it('refuses a certificate that waits for its confirmation', async () => {
  const client = sandboxSession(ca);
  const kept: Readonly<Record<string, unknown>>[] = [];
  const died = new Error('the process died');
  const hold = async (state: Readonly<Record<string, unknown>>): Promise<never> => {
    kept.push(state);
    throw died;
  };
  await expect(startEnrollment(request({ hold }), client, signal)).rejects.toBe(died);
  const left = await abandonEnrollment(kept[0] ?? {}, 'the request was deleted', client, signal);
  expect(left).toMatchObject({ state: 'rejected', certificate: { serialHex: ca.ledger.certificates.at(-1)?.serial } });
  expect(ca.ledger.certificates.at(-1)?.state).toBe('rejected');
  await client.transport.close();
});

it('tells what is left when the CA does not answer, and says what it cannot read', async () => {
  const other = await startSandboxCa();
  const { client: deaf, state } = await pending(other);
  await other.close();
  await expect(abandonEnrollment(state, 'no longer wanted', deaf, signal)).resolves.toEqual({
    state: 'unknown',
    transactionID: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  for (const unusable of [{}, { ...state, endpoint: 'http://127.0.0.1:1/' }]) {
    await expect(abandonEnrollment(unusable, 'no longer wanted', deaf, signal)).rejects.toMatchObject({
      retry: 'transaction',
    });
  }
  await deaf.transport.close();
});
