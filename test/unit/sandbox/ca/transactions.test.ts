import { describe, expect, it } from '@jest/globals';
import { type Transaction, TransactionTable } from '../../../../src/sandbox/ca/transactions.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { byMac } from './test-client.js';

const transaction = (id: string): Transaction => ({
  id,
  behaviour: {},
  identity: 'mac:somebody',
  protection: 'PasswordBasedMac',
  request: 'ir',
  certReqId: 0,
  firstSenderNonce: new Uint8Array(16),
  protector: byMac('somebody', 'secret'),
  lastSenderNonce: undefined,
  phase: { kind: 'over' },
});

describe('the table of transactions', () => {
  it('forgets them when their time is up', async () => {
    const clock = new ManualClock();
    const table = new TransactionTable(clock, 10, 60);
    expect(table.add(transaction('a'))).toBe(true);
    await clock.advance(30_000);
    expect(table.add(transaction('b'))).toBe(true);
    await clock.advance(29_999);
    expect(table.find('a')).toBeDefined();
    await clock.advance(1);
    expect(table.find('a')).toBeUndefined();
    expect(table.find('b')).toBeDefined();
    expect(table.size).toBe(1);
  });

  it('takes no more than it has room for, until the oldest are gone', async () => {
    const clock = new ManualClock();
    const table = new TransactionTable(clock, 2, 60);
    expect(['a', 'b', 'c'].map((id) => table.add(transaction(id)))).toEqual([true, true, false]);
    await clock.advance(60_000);
    expect(table.add(transaction('c'))).toBe(true);
    expect(table.size).toBe(1);
  });
});
