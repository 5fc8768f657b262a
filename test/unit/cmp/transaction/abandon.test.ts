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

async function pending() {
  const client = sandboxSession(ca, 'poll-for-ever');
  const result = await startEnrollment(request(), client, signal);
  if (result.kind !== 'pending') throw new Error('not pending');
  return { client, state: result.state };
}

it('calls off a transaction that was put off, so that the CA issues nothing any more', async () => {
  const { client, state } = await pending();
  await abandonEnrollment(state, 'the request was deleted', client, signal);
  expect(ca.ledger.messages).toMatchObject({ error: 1 });
  await expect(resumeEnrollment(request(), state, client, signal)).rejects.toMatchObject({ code: 'Rejected' });
  expect(ca.ledger.certificates).toEqual([]);
  await client.transport.close();
});

it('is content when the CA does not answer, and says what it cannot read', async () => {
  const { client, state } = await pending();
  await client.transport.close();
  const deaf = sandboxSession(ca, 'http-reset');
  await expect(
    abandonEnrollment({ ...state, endpoint: `${ca.url}/cmp/http-reset` }, 'no longer wanted', deaf, signal),
  ).resolves.toBeUndefined();
  for (const unusable of [{}, { ...state, endpoint: 'http://127.0.0.1:1/' }]) {
    await expect(abandonEnrollment(unusable, 'no longer wanted', deaf, signal)).rejects.toMatchObject({
      retry: 'transaction',
    });
  }
  await deaf.transport.close();
});
