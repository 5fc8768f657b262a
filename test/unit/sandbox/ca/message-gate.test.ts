import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { certificateIn, ir, refusalIn, TestTransaction } from './test-client.js';

let ca: SandboxCa;
beforeAll(async () => {
  ca = await startSandboxCa();
});
afterAll(() => ca.close());
afterEach(() => ca.gate.open());

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

describe('a message that is held', () => {
  it('before the CA reads it: nothing has come of it, and nothing comes of it when it is lost', async () => {
    const hold = ca.gate.hold(({ point, body }) => point === 'beforeReading' && body === 'ir');
    const transaction = new TestTransaction(ca);
    const lost = expect(transaction.send(ir())).rejects.toThrow();
    const held = await hold.first;
    expect(held.subject).toEqual({
      point: 'beforeReading',
      path: '/pkix/',
      body: 'ir',
      transactionID: hex(transaction.transactionID),
    });
    held.spoil({ type: 'reset' });
    await lost;
    expect(ca.ledger.inTransaction(hex(transaction.transactionID))).toEqual([]);
    hold.lift();
    // The CA never knew of that transactionID.
    expect(refusalIn(await transaction.send(ir()))).toEqual(['accepted']);
  });

  it('before the CA answers: its work is done, whatever becomes of the answer', async () => {
    const hold = ca.gate.hold(({ answer }) => answer === 'ip');
    const transaction = new TestTransaction(ca);
    const lost = expect(transaction.send(ir())).rejects.toThrow();
    const held = await hold.first;
    expect(held.subject).toMatchObject({ point: 'beforeAnswering', body: 'ir' });
    expect(ca.ledger.inTransaction(hex(transaction.transactionID))).toMatchObject([
      { state: 'issued', implicit: false },
    ]);
    held.spoil({ type: 'reset' });
    await lost;
    hold.lift();
    expect(refusalIn(await transaction.send(ir()))).toEqual(['error', 'transactionIdInUse']);
  });

  it('goes on as if nothing had been when it is let go', async () => {
    const hold = ca.gate.hold(() => true);
    const answer = new TestTransaction(ca).send(ir());
    (await hold.first).proceed();
    hold.lift();
    expect(ca.ledger.find(certificateIn(await answer).serialHex)).toMatchObject({ state: 'issued' });
  });
});
