import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Issuer } from '../../../src/api/issuer.js';
import { EnrollerLease } from '../../../src/controller/enroller-lease.js';
import { TrustRefresh } from '../../../src/controller/trust-refresh.js';
import type { TrustNews } from '../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import { WorkQueue } from '../../../src/kube/work-queue.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ManualClock } from '../../support/manual-clock.js';
import { condition, issuer } from './objects.js';
import { ScriptedEnroller } from './scripted-enroller.js';

const KEY = 'CMPv2Issuer/shop/ca';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const nothing: TrustNews = { successors: [], unknownRoots: [], refused: [], unanswered: [] };
const newRoot: TrustNews = {
  ...nothing,
  unknownRoots: [{ subject: 'CN=New', sha256: 'ab', notBefore: new Date(0), notAfter: new Date(1) }],
};
const failure = (retry: EnrollmentError['retry']) => new EnrollmentError({ code: 'Rejected', retry, message: 'no' });

class TellingEnroller extends ScriptedEnroller {
  readonly told: (TrustNews | Error)[] = [];
  asked = 0;
  hold: Promise<void> = Promise.resolve();

  async trustNews(signal: AbortSignal): Promise<TrustNews> {
    this.asked++;
    await Promise.race([
      this.hold,
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    ]);
    const next = this.told.shift() ?? nothing;
    if (next instanceof Error) throw next;
    return next;
  }
}

const daily = (metadata: Partial<Issuer['metadata']> = {}) => issuer({ metadata, cmp: { trustRefresh: 'Daily' } });

function harness() {
  const clock = new ManualClock();
  const enroller = new TellingEnroller();
  const changed: string[] = [];
  const random = { uniform: 0 };
  const common = { clock, uniform: () => random.uniform, logger: silentLogger };
  const queue: WorkQueue = new WorkQueue({ ...common, handler: (item, signal) => trust.reconcile(item, signal) });
  const trust = new TrustRefresh(
    { ...common, firstDelayMs: 5 * MINUTE, changed: (key) => void changed.push(key) },
    queue,
  );
  queue.start();
  const lease = (revision = '1') => new EnrollerLease({ revision, backend: 'cmp', enroller }, silentLogger);
  return {
    ...{ clock, enroller, changed, random, trust, lease },
    watch: (object = daily(), using = lease()) => trust.watch(KEY, object, 'shop', using),
    condition: (existing?: ReturnType<typeof condition>, object = daily()) => trust.condition(KEY, object, existing),
  };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
});

describe('the refresh of trust', () => {
  it('asks some minutes after an issuer became ready and then every day', async () => {
    t.watch();
    await t.clock.advance(5 * MINUTE - 1);
    expect(t.enroller.asked).toBe(0);
    await t.clock.advance(1);
    expect(t.enroller.asked).toBe(1);
    await t.clock.advance(DAY - 1);
    expect(t.enroller.asked).toBe(1);
    await t.clock.advance(1);
    expect(t.enroller.asked).toBe(2);
  });

  it('spreads the times of asking', async () => {
    t.random.uniform = 0.5;
    t.watch();
    await t.clock.advance(7.5 * MINUTE - 1);
    expect(t.enroller.asked).toBe(0);
    await t.clock.advance(1);
    expect(t.enroller.asked).toBe(1);
    await t.clock.advance(1.05 * DAY - 1);
    expect(t.enroller.asked).toBe(1);
    await t.clock.advance(1);
    expect(t.enroller.asked).toBe(2);
  });

  it('does nothing unless the issuer wants it', async () => {
    t.watch(issuer());
    await t.clock.advance(2 * DAY);
    expect(t.enroller.asked).toBe(0);
    expect(t.condition(condition('TrustUpdateAvailable', 'True'), issuer())).toBeUndefined();
  });

  it('stops when the issuer wants it no more, or is gone', async () => {
    t.watch();
    t.watch(issuer());
    await t.clock.advance(2 * DAY);
    t.watch();
    t.trust.forget(KEY);
    await t.clock.advance(2 * DAY);
    expect(t.enroller.asked).toBe(0);
  });

  it('is not put off, or brought forward, by looking at the issuer again', async () => {
    for (let minute = 0; minute < 10; minute++) {
      t.watch();
      await t.clock.advance(MINUTE);
    }
    expect(t.enroller.asked).toBe(1);
  });

  it('says what it found, and once only that it is news', async () => {
    t.enroller.told.push(newRoot, newRoot, nothing);
    const existing = condition('TrustUpdateAvailable', 'False', 'NothingNew');
    t.watch();
    expect(t.condition(existing)).toBe(existing);
    await t.clock.advance(5 * MINUTE);
    expect(t.condition(existing)).toMatchObject({ status: 'True', reason: 'UnknownRoot', observedGeneration: 3 });
    await t.clock.advance(DAY);
    expect(t.changed).toEqual([KEY]);
    await t.clock.advance(DAY);
    expect(t.condition()).toMatchObject({ status: 'False' });
    expect(t.changed).toEqual([KEY, KEY]);
  });

  it('keeps what an earlier process found until the CA has been asked', async () => {
    const existing = condition('TrustUpdateAvailable', 'True', 'SuccessorAnnounced');
    const object = { ...daily(), status: { conditions: [existing] } } as Issuer;
    t.enroller.told.push(failure('transient'));
    t.watch(object);
    expect(t.condition(existing, object)).toBe(existing);
    await t.clock.advance(5 * MINUTE);
    expect(t.condition(existing, object)).toMatchObject({ status: 'True', reason: 'SuccessorAnnounced' });
  });

  it.each([
    ['transient', DAY / 24],
    ['request', DAY],
    ['unauthenticated', DAY],
  ] as const)('says that the CA did not tell, and asks again later: %s', async (retry, after) => {
    t.enroller.told.push(failure(retry));
    t.watch();
    await t.clock.advance(5 * MINUTE);
    expect(t.condition()).toMatchObject({ status: 'Unknown', reason: 'NoAnswer' });
    await t.clock.advance(after - 1);
    expect(t.enroller.asked).toBe(1);
    await t.clock.advance(1);
    expect(t.condition()).toMatchObject({ status: 'False' });
  });

  it('survives a fault of its own', async () => {
    t.enroller.told.push(new TypeError('oops'));
    t.watch();
    await t.clock.advance(5 * MINUTE);
    expect(t.condition()).toMatchObject({ reason: 'NoAnswer', message: expect.stringContaining('internal error') });
  });

  it('does not wait for ever', async () => {
    t.enroller.hold = new Promise(() => {});
    t.watch();
    await t.clock.advance(15 * MINUTE);
    expect(t.condition()).toMatchObject({ reason: 'NoAnswer', message: expect.stringMatching(/within 10 minutes$/) });
    t.enroller.hold = Promise.resolve();
    await t.clock.advance(DAY / 24);
    expect(t.condition()).toMatchObject({ status: 'False' });
  });

  it('asks again as soon as somebody added a root to the trust', async () => {
    t.enroller.told.push(newRoot);
    t.watch();
    await t.clock.advance(5 * MINUTE);
    t.watch(daily(), t.lease('2'));
    await t.clock.advance(0);
    expect(t.enroller.asked).toBe(2);
    expect(t.condition()).toMatchObject({ status: 'False' });
  });

  it('asks later when the issuer is not ready at the time', async () => {
    const lease = t.lease();
    t.watch(daily(), lease);
    lease.retire();
    await t.clock.advance(DAY);
    expect(t.enroller.asked).toBe(0);
    t.watch();
    await t.clock.advance(5 * MINUTE);
    expect(t.enroller.asked).toBe(1);
  });

  it('forgets an answer to a question that was asked under another configuration', async () => {
    let release = (): void => {};
    t.enroller.hold = new Promise((resolve) => {
      release = resolve;
    });
    t.enroller.told.push(newRoot);
    t.watch();
    await t.clock.advance(5 * MINUTE);
    t.watch(daily(), t.lease('2'));
    release();
    await t.clock.advance(MINUTE);
    expect(t.condition()).toBeUndefined();
    expect(t.changed).toEqual([]);
    await t.clock.advance(4 * MINUTE);
    expect(t.condition()).toMatchObject({ status: 'False' });
  });
});
