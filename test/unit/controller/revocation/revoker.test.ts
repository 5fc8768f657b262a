import { beforeEach, describe, expect, it } from '@jest/globals';
import { EnrollerLease } from '../../../../src/controller/enroller-lease.js';
import { ExchangeGates } from '../../../../src/controller/exchange-gates.js';
import { issuerKey } from '../../../../src/controller/issuer-key.js';
import type { IssuerView } from '../../../../src/controller/issuer-view.js';
import { IssuerRevoker } from '../../../../src/controller/revocation/revoker.js';
import type { RevocationOrder, RevocationOutcome } from '../../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../../src/enrollment/error.js';
import { createMetrics, createRegistry } from '../../../../src/ops/metrics.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { ScriptedEnroller } from '../scripted-enroller.js';
import { ISSUER_NAME, pem } from './objects.js';

const ORDER: RevocationOrder = { certificatePem: pem, reason: 'superseded' };

class RevokingEnroller extends ScriptedEnroller {
  readonly orders: RevocationOrder[] = [];
  answer: (signal: AbortSignal) => Promise<RevocationOutcome> = async () => ({ already: false, notes: [] });

  async revoke(order: RevocationOrder, signal: AbortSignal): Promise<RevocationOutcome> {
    this.orders.push(order);
    return this.answer(signal);
  }
}

function harness(enroller: ScriptedEnroller = new RevokingEnroller()) {
  const clock = new ManualClock();
  const results: string[] = [];
  const state: { view: IssuerView } = { view: { state: 'ready', uid: 'issuer-1', revision: '1' } };
  const lease = new EnrollerLease({ revision: '1', backend: 'cmp', enroller }, silentLogger);
  const called: string[] = [];
  const gates = new ExchangeGates({
    ...{ clock, concurrency: 8, logger: silentLogger, metrics: createMetrics(createRegistry()) },
    uniform: () => 1,
    turned: () => {},
  });
  const revoker = new IssuerRevoker({
    gates,
    issuers: { view: () => state.view, lease: (_name, revision) => (revision === '1' ? lease : undefined) },
    metrics: { revocationTried: (issuer, result) => void results.push(`${issuer.name} ${result}`) },
    clock,
    logger: silentLogger,
  });
  const stop = new AbortController();
  const asker = { key: 'shop/record', call: () => void called.push('shop/record') };
  return {
    ...{ clock, results, state, lease, stop, gates, called, revoker },
    gate: gates.of(issuerKey(ISSUER_NAME)),
    revoke: () => revoker.revoke(ISSUER_NAME, asker, ORDER, stop.signal),
  };
}

let enroller: RevokingEnroller;
beforeEach(() => {
  enroller = new RevokingEnroller();
});

describe('IssuerRevoker', () => {
  it.each([
    [false, 'ca revoked'],
    [true, 'ca already'],
  ])('revokes through the issuer, already: %s', async (already, counted) => {
    enroller.answer = async () => ({ already, notes: [] });
    const t = harness(enroller);
    await expect(t.revoke()).resolves.toEqual({ already, notes: [] });
    expect([enroller.orders, t.results]).toEqual([[ORDER], [counted]]);
  });

  it.each<IssuerView>([
    { state: 'missing' },
    { state: 'unverified' },
    { state: 'notReady', message: 'x' },
    { state: 'ready', uid: 'issuer-1', revision: '2' },
  ])('asks nobody when the issuer is %j', async (view) => {
    const t = harness(enroller);
    t.state.view = view;
    await expect(t.revoke()).resolves.toBe('notReady');
    expect([enroller.orders, t.results]).toEqual([[], []]);
  });

  it.each([
    ['request', 'ca refused'],
    ['transient', 'ca failed'],
    ['unauthenticated', 'ca failed'],
  ] as const)('hands a failure on: %s', async (retry, counted) => {
    const error = new EnrollmentError({ code: 'Rejected', retry, message: 'no' });
    enroller.answer = () => Promise.reject(error);
    const t = harness(enroller);
    await expect(t.revoke()).rejects.toBe(error);
    expect(t.results).toEqual([counted]);
  });

  it('says that a backend has no way to revoke', async () => {
    const t = harness(new ScriptedEnroller());
    await expect(t.revoke()).rejects.toMatchObject({ code: 'ConfigurationInvalid', retry: 'request' });
  });

  it('keeps a fault of its own to itself', async () => {
    enroller.answer = () => Promise.reject(new TypeError('oops'));
    await expect(harness(enroller).revoke()).rejects.toMatchObject({
      name: 'EnrollmentError',
      retry: 'transient',
      message: expect.not.stringMatching(/oops/),
    });
  });

  it('does not wait for ever', async () => {
    enroller.answer = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    const t = harness(enroller);
    const revoking = expect(t.revoke()).rejects.toMatchObject({ code: 'Timeout', retry: 'transient' });
    await t.clock.advance(600_000);
    await revoking;
    expect(t.clock.sleeping).toBe(0);
  });

  it('ends with its caller, which is no failure', async () => {
    enroller.answer = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    const t = harness(enroller);
    const revoking = expect(t.revoke()).rejects.toThrow('enough');
    await Promise.resolve();
    t.stop.abort(new RangeError('enough'));
    await revoking;
    expect(t.results).toEqual([]);
  });

  it('waits for the end of an outage, and is called then', async () => {
    const t = harness(enroller);
    t.gate.report({ kind: 'neverReached', reason: 'nobody is there' });
    await expect(t.revoke()).resolves.toBe('notYet');
    expect([enroller.orders, t.called]).toEqual([[], []]);
    t.gate.report({ kind: 'probeSucceeded' });
    expect(t.called).toEqual(['shop/record']);
    await expect(t.revoke()).resolves.toEqual({ already: false, notes: [] });
    expect([t.gate.idle, t.gate.breaker]).toMatchObject([true, { kind: 'halfOpen', allowance: 2 }]);
  });

  it('leaves the line when nothing is to be revoked any more', async () => {
    const t = harness(enroller);
    t.gate.report({ kind: 'neverReached', reason: 'nobody is there' });
    await t.revoke();
    t.revoker.leave(ISSUER_NAME, 'shop/record');
    expect(t.gate.idle).toBe(true);
  });

  it('tells what it learnt of the CA', async () => {
    const t = harness(enroller);
    enroller.answer = () =>
      Promise.reject(new EnrollmentError({ code: 'ConnectionFailed', retry: 'transient', message: 'refused' }));
    for (let i = 0; i < 5; i++) await expect(t.revoke()).rejects.toThrow('refused');
    expect(t.gate.breaker.kind).toBe('open');
  });
});
