import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import type { CertificateSigningRequest } from '../../../src/api/certificate-signing-request.js';
import type { Transaction } from '../../../src/api/transaction.js';
import { EnrollerLease } from '../../../src/controller/enroller-lease.js';
import { ExchangeGates } from '../../../src/controller/exchange-gates.js';
import type { IssuerView } from '../../../src/controller/issuer-view.js';
import { Orphans } from '../../../src/controller/orphans.js';
import { RequestController } from '../../../src/controller/request-controller.js';
import { RequestWriter } from '../../../src/controller/request-writer.js';
import type { SigningRequest } from '../../../src/controller/signing-request.js';
import { TransactionRecords } from '../../../src/controller/transaction-records.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import type { ObjectEvent } from '../../../src/kube/event-object.js';
import { IndexedStore } from '../../../src/kube/store.js';
import { createMetrics, createRegistry } from '../../../src/ops/metrics.js';
import { encodePem } from '../../../src/pki/index.js';
import type { LogFields, Logger } from '../../../src/runtime/logger.js';
import { ManualClock } from '../../support/manual-clock.js';
import { approved, condition, denied, issued, request, signing, viewed } from './objects.js';
import { apiError, ScriptedClient } from './scripted-client.js';
import { ScriptedEnroller } from './scripted-enroller.js';

const KEY = 'shop/web-1';
const GROUP = 'CMPv2Issuer/shop/ca';

function harness() {
  const clock = new ManualClock();
  const client = new ScriptedClient();
  const enroller = new ScriptedEnroller();
  const requests = new IndexedStore<SigningRequest>();
  const saved = new IndexedStore<Transaction>();
  const events: ObjectEvent[] = [];
  const delays: number[] = [];
  const added: string[] = [];
  const lines: [string, LogFields][] = [];
  const registry = createRegistry();
  const metrics = createMetrics(registry);
  const logger: Logger = {
    debug: () => {},
    info: (fields, message) => void lines.push([message, fields]),
    warn: (fields, message) => void lines.push([message, fields]),
    error: (fields, message) => void lines.push([message, fields]),
    child: () => logger,
  };
  const keeping: { readonly failures: Error[]; readonly kept: object[] } = { failures: [], kept: [] };
  const unused: { readonly fate: string; readonly pem: string | undefined }[] = [];
  let revision = 'r1';
  let view: IssuerView | undefined;
  const recorder = { record: (event: ObjectEvent) => void events.push(event), stop: async () => {} };
  const gates = new ExchangeGates({
    ...{ metrics, clock, logger, concurrency: 8 },
    uniform: () => 1,
    turned: () => {},
  });
  const start = () =>
    new RequestController(
      {
        gates,
        requests,
        transactions: new TransactionRecords({ client, saved, clusterResourceNamespace: 'system', clock, logger }),
        orphans: new Orphans({
          recorder,
          metrics,
          keeper: {
            keep: ({ fate, certificate }) => {
              unused.push({ fate, pem: certificate?.pem });
              return certificate?.pem !== undefined;
            },
          },
        }),
        keeper: {
          keep: async ({ metadata }, name, chain) => {
            const failure = keeping.failures.shift();
            if (failure !== undefined) throw failure;
            keeping.kept.push({ uid: metadata.uid, name: name.name, leaf: chain[0], writes: client.writes.length });
          },
        },
        issuers: {
          view: () => view ?? { state: 'ready', uid: 'issuer-1', revision },
          lease: (_name, wanted) =>
            wanted === revision ? new EnrollerLease({ revision: wanted, backend: 'cmp', enroller }, logger) : undefined,
        },
        client,
        writer: new RequestWriter({ client, clock, metrics }),
        recorder,
        metrics,
        clock,
        uniform: () => 1,
        logger,
      },
      {
        add: (_group, key) => void added.push(key),
        addAfter: (_group, _key, ms) => void delays.push(ms),
        forget: () => {},
        remove: () => {},
      },
    );
  const stop = new AbortController();
  let controller = start();
  return {
    ...{ gates, clock, client, enroller, requests, saved, events, delays, added, lines, stop, registry },
    ...{ keeping, unused },
    get controller() {
      return controller;
    },
    /** Another process, which knows nothing but what the API server holds. */
    restart: () => {
      for (const object of client.objects.values())
        if (object.kind === 'CMPv2Transaction') saved.set(object as Transaction);
      controller = start();
    },
    setView: (next: IssuerView | undefined) => {
      view = next;
    },
    setRevision: (next: string) => {
      revision = next;
    },
    /** The API server and our copy both have this object now. */
    store: (object: CertificateRequest | CertificateSigningRequest) => {
      client.put(object);
      requests.set(viewed(object));
    },
    work: (key = KEY, freeWorker = () => {}) => controller.reconcile({ group: GROUP, key }, stop.signal, freeWorker),
  };
}

const LEFT_BEHIND = 'a certificate is left behind at the CA';
const transient = new EnrollmentError({ code: 'ConnectionFailed', retry: 'transient', message: 'no answer' });
const rejected = new EnrollmentError({ code: 'Rejected', retry: 'request', message: 'CA rejected: badPOP' });
const ready = (status: object) => (status as NonNullable<CertificateRequest['status']>).conditions?.at(-1);

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
  t.store(request());
});

describe('RequestController', () => {
  it('issues with one write, one event and one line that names the certificate', async () => {
    t.enroller.answers.push({ ...issued, notes: ['the CA added a name'] });
    await t.work();
    expect(t.client.writes).toEqual([
      {
        metadata: { name: 'web-1', namespace: 'shop', uid: 'uid-1' },
        status: expect.objectContaining({ certificate: expect.any(String), ca: expect.any(String) }),
      },
    ]);
    expect(t.events).toEqual([
      expect.objectContaining({
        type: 'Normal',
        reason: 'CertificateIssued',
        note: expect.stringMatching(/serial 0a.*the CA added a name/),
      }),
    ]);
    expect(t.lines).toEqual([
      ['certificate issued', expect.objectContaining({ serial: '0a', subject: 'CN=web', durationMs: 0 })],
    ]);
  });

  it('needs no worker to hand out a certificate, but keeps it after a failure', async () => {
    const free: number[] = [];
    t.enroller.answers.push(transient, issued);
    await t.work(KEY, () => free.push(t.client.writes.length));
    expect(t.client.writes).toHaveLength(1);
    expect(free).toEqual([]);
    await t.clock.advance(10_000);
    await t.work(KEY, () => free.push(t.client.writes.length));
    // Before the certificate was written.
    expect(free).toEqual([1]);
    expect(t.client.writes).toHaveLength(2);
    expect(t.enroller.verified).toEqual([true, true]);
  });

  it('does not enrol again while our copy lags behind our write', async () => {
    t.enroller.answers.push(issued);
    await t.work();
    t.store(request({ metadata: { resourceVersion: '8', annotations: { touched: 'yes' } } }));
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1']);
    expect(t.client.writes).toHaveLength(1);
  });

  it.each([
    ['the webhook is down', apiError(500, 'InternalError')],
    ['the write conflicts', apiError(409, 'Conflict')],
    ['the API server is busy', apiError(429, 'TooManyRequests')],
    ['permission is missing', apiError(403, 'Forbidden')],
  ])('keeps the certificate and retries only the write when %s', async (_name, error) => {
    t.enroller.answers.push(issued);
    t.client.failures.write.push(error, error);
    await expect(t.work()).rejects.toBe(error);
    await expect(t.work()).rejects.toBe(error);
    t.setView({ state: 'missing' });
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1']);
    expect(t.client.writes).toHaveLength(1);
    const reasons = t.events.map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason !== 'StatusForbidden')).toEqual(['CertificateIssued']);
    expect(reasons.includes('StatusForbidden')).toBe(error.code === 403);
  });

  it('keeps in mind what may have to be revoked before anybody gets the certificate', async () => {
    t.enroller.answers.push(issued);
    const error = apiError(500, 'InternalError');
    t.keeping.failures.push(error);
    await expect(t.work()).rejects.toBe(error);
    expect(t.client.writes).toEqual([]);
    await t.work();
    expect(t.keeping.kept).toEqual([{ uid: 'uid-1', name: 'ca', leaf: issued.chain[0], writes: 0 }]);
    expect(t.client.writes).toHaveLength(1);
    expect(t.enroller.calls).toEqual(['enroll uid-1']);
  });

  it('writes a refusal once, also when the first write fails', async () => {
    t.enroller.answers.push(rejected);
    t.client.failures.write.push(apiError(500, 'InternalError'));
    await expect(t.work()).rejects.toThrow();
    await t.work();
    expect(t.enroller.calls).toHaveLength(1);
    expect(t.client.writes[0]?.status).toMatchObject({ failureTime: '2026-01-01T00:00:00Z' });
    expect(ready(t.client.writes[0]?.status ?? {})).toMatchObject({ reason: 'Failed', message: 'CA rejected: badPOP' });
    expect(t.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'SigningError' })]);
  });

  it('says what failed and when it is tried next, and comes back later and later', async () => {
    t.enroller.answers.push(transient, transient, transient);
    for (let i = 0; i < 3; i++) {
      await t.work();
      await t.clock.advance(t.delays.at(-1) ?? 0);
    }
    expect(t.delays).toEqual([2000, 4000, 8000]);
    expect(t.client.writes.map(({ status }) => ready(status)?.message)).toEqual([
      'no answer. Next try at 2026-01-01T00:00:02Z',
      'no answer. Next try at 2026-01-01T00:00:06Z',
      'no answer. Next try at 2026-01-01T00:00:14Z',
    ]);
    // Events repeat themselves, so that they are counted and not piled up.
    expect(new Set(t.events.map(({ note }) => note))).toEqual(new Set(['no answer']));
  });

  it('tries at once when the issuer was repaired', async () => {
    t.enroller.answers.push(transient, issued);
    await t.work();
    t.setRevision('r2');
    await t.work();
    expect(t.enroller.calls).toHaveLength(2);
    expect(t.client.writes).toHaveLength(2);
  });

  it('goes on with what the CA put off', async () => {
    const notBefore = new Date(t.clock.now().getTime() + 5000);
    t.enroller.answers.push({ kind: 'pending', state: { step: 1 }, notBefore, reason: 'a person must look' }, issued);
    await t.work();
    expect(ready(t.client.writes[0]?.status ?? {})).toMatchObject({ reason: 'Pending' });
    expect(t.delays).toEqual([5000]);
    await t.work();
    expect(t.enroller.calls).toHaveLength(1);
    await t.clock.advance(5000);
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1', 'resume uid-1 {"step":1}']);
    expect(t.client.writes).toHaveLength(2);
    expect(t.events.map(({ reason }) => reason)).toEqual(['WaitingForCA', 'CertificateIssued']);
  });

  const leafPem = encodePem('CERTIFICATE', Uint8Array.of(1, 2, 3));
  it.each<[string, () => void, CertificateRequest | undefined, boolean, string | undefined]>([
    [
      'deleted while the CA works',
      () => {
        t.requests.delete(KEY);
        t.client.remove(request());
      },
      undefined,
      false,
      leafPem,
    ],
    ['deleted unseen', () => t.client.failures.write.push(apiError(404, 'NotFound')), request(), false, leafPem],
    [
      'recreated under the same name',
      () => {
        t.client.put(request({ metadata: { uid: 'uid-2' } }));
        t.client.failures.write.push(apiError(409, 'Conflict'));
      },
      request(),
      false,
      leafPem,
    ],
    // An earlier try may have been lost on its way back, and somebody may have got the certificate since.
    [
      'gone, nobody knows how it ended',
      () => t.client.failures.write.push(apiError(404, 'NotFound')),
      request(),
      true,
      undefined,
    ],
  ])('names the certificate nobody will get: request %s', async (_name, change, last, unknown, pem) => {
    t.enroller.answers.push(issued);
    t.enroller.gate = () => {
      change();
    };
    await t.work();
    expect(t.client.writes).toEqual([]);
    if (last !== undefined) {
      expect(t.unused).toEqual([]);
      t.controller.deleted(viewed(last), unknown);
    }
    expect(t.unused).toEqual([{ fate: 'undelivered', pem }]);
    expect(t.lines).toContainEqual([LEFT_BEHIND, expect.objectContaining({ serial: '0a', fate: 'undelivered' })]);
    expect(t.events).toContainEqual(
      expect.objectContaining({ reason: 'CertificateOrphaned', note: expect.stringContaining('serial 0a of "CN=CA"') }),
    );
    await expect(t.registry.metrics()).resolves.toMatch(/certificates_orphaned_total\{.*fate="undelivered"\} 1/);
  });

  it('says nothing of a certificate that was delivered by a write whose answer was lost', async () => {
    t.enroller.answers.push(issued);
    t.client.failures.write.push(apiError(404, 'NotFound'));
    await t.work();
    t.controller.deleted(viewed(request({ conditions: [approved, condition('Ready', 'True', 'Issued')] })));
    expect([t.unused, t.lines.filter(([message]) => message === LEFT_BEHIND)]).toEqual([[], []]);
  });

  it('names a certificate only, where somebody else closed a request that it was offered to', async () => {
    t.enroller.answers.push(issued);
    t.client.failures.write.push(apiError(500, 'InternalError'));
    await expect(t.work()).rejects.toThrow();
    t.controller.changed(viewed(request({ conditions: [approved, condition('Ready', 'False', 'Failed')] })));
    expect(t.unused).toEqual([{ fate: 'undelivered', pem: undefined }]);
  });

  it('enrols for another uid of the same name, and never mixes the two', async () => {
    t.enroller.answers.push(transient, issued);
    await t.work();
    t.controller.deleted(viewed(request()));
    t.store(request({ metadata: { uid: 'uid-2' } }));
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1', 'enroll uid-2']);
    expect(t.client.writes.map(({ metadata }) => metadata.uid)).toEqual(['uid-1', 'uid-2']);
  });

  it('treats an unknown error as ours: pending, without its text', async () => {
    t.enroller.answers.push(new TypeError('undefined is not a function'));
    await t.work();
    expect(ready(t.client.writes[0]?.status ?? {})).toMatchObject({
      reason: 'Pending',
      message: expect.stringMatching(/^internal error/),
    });
  });

  it('leaves no trace of an exchange that shutdown broke off', async () => {
    t.enroller.answers.push(transient);
    t.enroller.gate = () => t.stop.abort();
    await t.work();
    expect(t.client.writes).toEqual([]);
    expect(t.lines).toEqual([]);
  });

  it.each<[string, CertificateRequest, string | undefined]>([
    ['denied', request({ conditions: [denied] }), 'Denied'],
    ['unapproved', request({ conditions: [] }), undefined],
    ['approved and done', request({ conditions: [approved, condition('Ready', 'True', 'Issued')] }), undefined],
  ])('writes no more than it must: %s', async (_name, object, reason) => {
    t.store(object);
    await t.work();
    expect(t.client.writes.map(({ status }) => ready(status)?.reason)).toEqual(reason === undefined ? [] : [reason]);
    expect(t.enroller.calls).toEqual([]);
    expect(t.events).toEqual([]);
  });

  it.each([
    ['a foreign one', request({ issuerRef: { group: '', kind: 'CMPv2Issuer', name: 'ca' } }), []],
    ['a finished one', request({ conditions: [condition('Ready', 'False', 'Failed')] }), []],
    ['one to work on', request(), [KEY]],
  ])('queues %s only if there is work', (_name, object, keys) => {
    t.controller.changed(viewed(object));
    expect(t.added).toEqual(keys);
  });
});

interface RecordChange {
  readonly metadata?: Partial<Transaction['metadata']>;
  readonly spec?: Partial<Transaction['spec']>;
}

const certificate = {
  serial: '0b',
  issuer: 'CN=CA',
  subject: 'CN=web',
  notAfter: new Date('2027-01-01T00:00:00Z'),
  pem: 'PEM',
};
const pending = (step: number, held = false) =>
  ({
    kind: 'pending',
    state: { step },
    notBefore: new Date(t.clock.now().getTime() + 5_000),
    reason: 'a person must look',
    ...(held && { certificate }),
  }) as const;

describe('an exchange that must outlive the process', () => {
  const inUse = new EnrollmentError({
    code: 'Rejected',
    retry: 'transaction',
    message: 'the CA has seen this transaction',
    attemptSpent: true,
    leftover: { transactionID: 'ab', state: 'unknown' },
  });
  const orphans = () => t.lines.filter(([message]) => message === LEFT_BEHIND).map(([, fields]) => fields);

  it('is recorded while the CA decides, and gone on with by another process', async () => {
    t.enroller.answers.push(pending(1));
    await t.work();
    expect(t.client.recordCalls).toEqual(['create uid-1']);
    expect(t.client.objects.get('CMPv2Transaction shop/uid-1')).toMatchObject({
      metadata: {
        ownerReferences: [
          { apiVersion: 'cert-manager.io/v1', kind: 'CertificateRequest', name: 'web-1', uid: 'uid-1' },
        ],
      },
      spec: { attempt: 1, waitingFor: 'Decision', issuerRef: { name: 'ca', uid: 'issuer-1' }, state: '{"step":1}' },
    });
    t.restart();
    await t.clock.advance(5_000);
    t.enroller.answers.push(pending(2), issued);
    await t.work();
    expect(t.client.recordCalls).toEqual(['create uid-1', 'update uid-1']);
    await t.clock.advance(5_000);
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1', 'resume uid-1 {"step":1}', 'resume uid-1 {"step":2}']);
    expect(t.client.recordCalls.at(-1)).toBe('delete uid-1');
    expect(t.client.writes.at(-1)?.status).toMatchObject({ certificate: expect.any(String) });
    expect(orphans()).toEqual([]);
  });

  it('is gone on with in the knowledge that an earlier try may have reached the CA', async () => {
    const later = (step: number) => ({ ...pending(step), notBefore: new Date(t.clock.now().getTime() + 120_000) });
    const work = async (answer: (typeof t.enroller.answers)[number]) => {
      t.enroller.answers.push(answer);
      await t.work();
      await t.clock.advance(120_000);
    };
    await work(later(1));
    await work(transient);
    await work(later(2));
    await work(later(3));
    // The second one repeats the first, which got no answer.
    expect(t.enroller.repeated).toEqual([false, true, false]);
    t.restart();
    await work(transient);
    await work(later(4));
    await work(issued);
    expect(t.enroller.repeated.slice(3)).toEqual([true, true, false]);
  });

  it('is recorded before its certificate is confirmed, and never without need', async () => {
    t.enroller.held = { state: { step: 'hold' }, certificate };
    t.enroller.answers.push(issued);
    await t.work();
    expect(t.client.recordCalls).toEqual(['create uid-1', 'delete uid-1']);
  });

  it('is not recorded when the answer settles everything', async () => {
    t.enroller.answers.push(transient, rejected);
    await t.work();
    await t.clock.advance(60_000);
    await t.work();
    expect(t.client.recordCalls).toEqual([]);
  });

  it.each([
    ['the CRD is missing', apiError(404, 'NotFound')],
    ['permission is missing', apiError(403, 'Forbidden')],
  ])('does not cost the certificate when it cannot be recorded: %s', async (_name, error) => {
    t.enroller.held = { state: {}, certificate };
    t.enroller.answers.push(issued);
    t.client.failures.record.push(error, error);
    await t.work();
    expect(t.client.writes.at(-1)?.status).toMatchObject({ certificate: expect.any(String) });
    expect(t.lines.map(([message]) => message)).toContainEqual(expect.stringContaining('cannot be recorded'));
  });

  const held = async (failure: Error, times: number, milliseconds: number): Promise<string[]> => {
    t.enroller.held = { state: {}, certificate };
    t.enroller.answers.push(issued);
    t.client.failures.record.push(...Array.from({ length: times }, () => failure));
    const working = t.work();
    await t.clock.advance(milliseconds);
    await working;
    expect(t.client.writes.at(-1)?.status).toMatchObject({ certificate: expect.any(String) });
    return t.lines.map(([message]) => message);
  };

  it.each([
    ['fails', apiError(500, 'InternalError')],
    ['says that the object has changed', apiError(409, 'Conflict')],
  ])('waits with its certificate for an API server that %s for a while', async (_name, failure) => {
    const messages = await held(failure, 5, 25_000);
    expect(t.client.recordCalls).toEqual(['create uid-1', 'delete uid-1']);
    expect(messages).not.toContainEqual(expect.stringContaining('cannot be recorded'));
  });

  it('does not wait for ever with its certificate', async () => {
    const messages = await held(apiError(503, 'ServiceUnavailable'), 100, 30_000);
    expect(t.client.recordCalls).toEqual([]);
    expect(messages).toContainEqual(expect.stringContaining('cannot be recorded'));
  });

  it('is recorded later when that does not work at once', async () => {
    t.enroller.answers.push({ ...pending(1), notBefore: new Date(t.clock.now().getTime() + 3_600_000) });
    t.client.failures.record.push(apiError(500, 'InternalError'), apiError(500, 'InternalError'));
    await t.work();
    expect(t.delays).toEqual([30_000]);
    await t.clock.advance(30_000);
    await t.work();
    expect(t.client.recordCalls).toEqual(['create uid-1']);
    expect(t.delays.at(-1)).toBe(3_570_000);
    await t.work();
    expect(t.client.recordCalls).toHaveLength(1);
  });

  it.each([
    ['deleted', () => void t.requests.delete(KEY)],
    ['denied', () => t.requests.set(viewed(request({ conditions: [approved, denied] })))],
    ['answered by somebody else', () => t.requests.set(viewed(request({ status: { certificate: 'eA==' } })))],
    ['made anew', () => t.requests.set(viewed(request({ metadata: { uid: 'uid-2' } })))],
  ])('is refused before confirmation when the request was %s meanwhile', async (_name, change) => {
    t.enroller.held = { state: {}, certificate };
    t.enroller.gate = () => {
      if (t.enroller.calls.length === 1) change();
      else t.enroller.held = undefined;
    };
    t.enroller.answers.push(issued);
    await t.work();
    expect(t.lines).toContainEqual(['request refused', expect.objectContaining({ code: 'Withdrawn' })]);
    expect(t.client.recordCalls).toEqual([]);
  });

  it('begins the same attempt anew when its answer was lost, and the next one when the CA has seen it', async () => {
    const lost = new EnrollmentError({ code: 'Timeout', retry: 'transient', message: 'no answer' });
    t.enroller.answers.push(lost, inUse, issued);
    for (let i = 0; i < 3; i++) {
      await t.work();
      await t.clock.advance(10_000);
    }
    expect(t.enroller.calls).toEqual(['enroll uid-1', 'enroll uid-1', 'enroll uid-1 attempt 2']);
    expect(orphans()).toEqual([{ fate: 'unknown', transactionID: 'ab' }]);
    expect(t.events.map(({ reason }) => reason)).toContain('CertificateOrphaned');
    await expect(t.registry.metrics()).resolves.toMatch(/certificates_orphaned_total\{.*fate="unknown"\} 1/);
  });

  it('names the certificate of another incarnation of the issuer', async () => {
    t.enroller.answers.push(pending(1, true), issued);
    await t.work();
    t.setView({ state: 'ready', uid: 'issuer-2', revision: 'r1' });
    await t.work();
    expect(t.enroller.calls).toEqual(['enroll uid-1', 'enroll uid-1 attempt 2']);
    expect(orphans()).toEqual([expect.objectContaining({ fate: 'unknown', serial: '0b' })]);
  });

  it('names the certificate of a record that cannot be gone on with', async () => {
    t.enroller.answers.push(
      pending(1, true),
      new EnrollmentError({ code: 'Internal', retry: 'transaction', message: 'unreadable', attemptSpent: true }),
    );
    await t.work();
    await t.clock.advance(5_000);
    await t.work();
    expect(orphans()).toEqual([expect.objectContaining({ fate: 'unknown', serial: '0b' })]);
  });

  it('replaces a record of another attempt that turned up late, and names its certificate', async () => {
    t.enroller.answers.push(pending(1, true));
    await t.work();
    const stale = t.client.objects.get('CMPv2Transaction shop/uid-1');
    if (stale === undefined) throw new Error('no record');
    t.client.remove(stale);
    t.restart();
    t.saved.delete('shop/uid-1');
    t.enroller.answers.push(inUse);
    await t.work();
    t.client.put(stale);
    t.enroller.answers.push(pending(2));
    await t.clock.advance(10_000);
    await t.work();
    expect(t.client.objects.get('CMPv2Transaction shop/uid-1')).toMatchObject({ spec: { attempt: 2 } });
    expect(orphans()).toEqual([
      { fate: 'unknown', transactionID: 'ab' },
      expect.objectContaining({ fate: 'unknown', serial: '0b' }),
    ]);
  });

  it.each([
    ['in another namespace', { metadata: { name: 'uid-1', namespace: 'elsewhere' } }, 'enroll uid-1'],
    ['under another name', { metadata: { name: 'uid-9', namespace: 'shop' } }, 'enroll uid-1'],
    ['that says nothing', { spec: { state: 'nonsense' } }, 'enroll uid-1'],
    ['that is its own', {}, 'resume uid-1 {"step":1}'],
    ['that would wait for ever', { spec: { notBefore: '2999-01-01T00:00:00Z' } }, 'resume uid-1 {"step":1}'],
  ])('believes no record %s', async (_name, { metadata = {}, spec = {} }: RecordChange, call) => {
    t.enroller.answers.push(pending(1), issued);
    await t.work();
    const record = t.client.objects.get('CMPv2Transaction shop/uid-1') as Transaction;
    t.restart();
    t.saved.delete('shop/uid-1');
    t.saved.set({ ...record, metadata: { ...record.metadata, ...metadata }, spec: { ...record.spec, ...spec } });
    await t.work();
    await t.clock.advance(3_600_000);
    await t.work();
    expect(t.enroller.calls[1]).toBe(call);
  });

  it('leaves no record behind that the process died before deleting', async () => {
    t.enroller.held = { state: {}, certificate };
    t.enroller.answers.push(issued);
    t.client.failures.record.push(undefined, apiError(500, 'InternalError'));
    await expect(t.work()).rejects.toThrow();
    expect(t.client.recordCalls).toEqual(['create uid-1']);
    t.restart();
    const finished = request({ conditions: [approved, condition('Ready', 'True', 'Issued')] });
    t.store(finished);
    t.controller.changed(viewed(finished));
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.client.recordCalls).toEqual(['create uid-1', 'delete uid-1']);
  });

  it('hears of a record that turns up after its request was seen to be finished', () => {
    const finished = request({ conditions: [approved, condition('Ready', 'True', 'Issued')] });
    const record = {
      metadata: { name: 'uid-1', namespace: 'shop' },
      spec: { requestRef: { kind: 'CertificateRequest', name: 'web-1', uid: 'uid-1' } },
    };
    t.controller.recordSeen(record as Transaction);
    expect(t.added).toEqual([]);
    t.store(finished);
    t.controller.recordSeen(record as Transaction);
    expect(t.added).toEqual([KEY]);
  });

  it.each([
    ['nothing is left', undefined, []],
    [
      'the CA took note',
      { transactionID: 'cd', state: 'rejected', certificate },
      [expect.objectContaining({ fate: 'rejected', serial: '0b' })],
    ],
    ['the CA cannot be told', transient, [expect.objectContaining({ fate: 'unknown', serial: '0b' })]],
  ] as const)('is called off when its request goes away: %s', async (_name, left, named) => {
    t.enroller.answers.push(pending(1, true));
    await t.work();
    t.enroller.left = left;
    t.requests.delete(KEY);
    t.controller.deleted(viewed(request()));
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.enroller.calls.at(-1)).toBe('abandon {"step":1}');
    expect(orphans()).toEqual(named);
  });

  const clusterIssuer = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' };
  const left = { transactionID: 'cd', state: 'unknown', certificate } as const;
  it.each<[string, CertificateRequest, boolean, typeof left | Error, boolean, string | undefined]>([
    ['of its own', request({ issuerRef: clusterIssuer }), false, left, false, 'PEM'],
    ['of its own that cannot be told', request({ issuerRef: clusterIssuer }), false, transient, false, 'PEM'],
    ['from beside the Secrets of the issuer', request(), true, left, false, 'PEM'],
    ['from there that cannot be told', request(), true, transient, false, 'PEM'],
    ['from there, which ended unseen', request(), true, left, true, undefined],
    ['from where tenants may write', request({ issuerRef: clusterIssuer }), true, left, false, undefined],
    ['from there that cannot be told', request({ issuerRef: clusterIssuer }), true, transient, false, undefined],
  ])('is revoked on the word of a record %s: only that', async (_name, object, restarted, told, unseen, pem) => {
    t.store(object);
    t.enroller.answers.push(pending(1, true));
    await t.work();
    if (restarted) {
      t.restart();
      await t.work();
    }
    t.enroller.left = told;
    t.requests.delete(KEY);
    t.controller.deleted(viewed(object), unseen);
    await t.work();
    expect(t.unused).toEqual([{ fate: 'unknown', pem }]);
    expect(orphans()).toEqual([expect.objectContaining({ serial: '0b', toBeRevoked: pem !== undefined })]);
  });

  it('that tenants may have written is gone on with, yet does not have anything revoked', async () => {
    t.store(request({ issuerRef: clusterIssuer }));
    t.enroller.answers.push(pending(1, true));
    await t.work();
    t.restart();
    await t.clock.advance(5_000);
    const { retry, message } = inUse;
    t.enroller.answers.push(
      pending(2, true),
      new EnrollmentError({ code: 'Rejected', retry, message, leftover: left }),
    );
    await t.work();
    await t.clock.advance(5_000);
    await t.work();
    expect(t.unused).toEqual([{ fate: 'unknown', pem: undefined }]);
  });

  it('is called off when its request is denied', async () => {
    t.enroller.answers.push(pending(1));
    await t.work();
    t.store(request({ conditions: [approved, denied] }));
    await t.work();
    await t.work();
    expect(t.enroller.calls.at(-1)).toBe('abandon {"step":1}');
    expect(ready(t.client.writes.at(-1)?.status ?? {})?.reason).toBe('Denied');
  });
});

describe('a CertificateSigningRequest', () => {
  const NODE = 'node-1';
  const reasons = () => t.events.map(({ reason }) => reason);
  beforeEach(() => t.store(signing()));

  it('gets its chain and nothing else, in one write', async () => {
    t.enroller.answers.push(issued);
    await t.work(NODE);
    expect(t.client.writes).toEqual([
      { metadata: { name: NODE, uid: 'uid-csr' }, status: { certificate: expect.any(String) } },
    ]);
    expect(reasons()).toEqual(['CertificateIssued']);
    // The admission of the API server does not look at the signature of its CSR.
    expect(t.enroller.verified).toEqual([false]);
  });

  it('shares nothing with a CertificateRequest of the same name', async () => {
    t.store(request({ metadata: { name: NODE } }));
    t.enroller.answers.push(issued, rejected);
    await t.work(NODE);
    await t.work(`shop/${NODE}`);
    expect(t.enroller.calls).toEqual(['enroll uid-csr', 'enroll uid-1']);
    expect(t.client.writes.map(({ metadata }) => metadata)).toEqual([
      { name: NODE, uid: 'uid-csr' },
      { name: NODE, namespace: 'shop', uid: 'uid-1' },
    ]);
  });

  it('fails by a condition of its own', async () => {
    t.enroller.answers.push(rejected);
    await t.work(NODE);
    expect(t.client.writes[0]?.status).toEqual({
      conditions: [{ type: 'Failed', status: 'True', reason: 'SigningError', message: 'CA rejected: badPOP' }],
    });
    expect(reasons()).toEqual(['SigningError']);
  });

  it('hears in events alone why it waits, and of each reason once', async () => {
    const other = new EnrollmentError({ code: 'Timeout', retry: 'transient', message: 'late' });
    t.enroller.answers.push(transient, transient, other, issued);
    for (let i = 0; i < 3; i++) {
      await t.work(NODE);
      await t.clock.advance(t.delays.at(-1) ?? 0);
    }
    expect(t.client.writes).toEqual([]);
    expect(t.events.map(({ reason, note }) => [reason, note])).toEqual([
      ['RetryableError', 'no answer'],
      ['RetryableError', 'late'],
    ]);
    expect(t.lines.filter(([message]) => message === 'told in an event only')).toHaveLength(2);
    await t.work(NODE);
    expect(reasons().at(-1)).toBe('CertificateIssued');
  });

  it('of our namespaced kind is told so once, and left alone', async () => {
    t.store(signing({ signerName: 'cmpv2issuers.certmanager.onap.org/shop.ca' }));
    await t.work(NODE);
    await t.work(NODE);
    expect(reasons()).toEqual(['SignerNotSupported']);
    expect([t.client.writes, t.enroller.calls]).toEqual([[], []]);
  });

  it('keeps its record in the cluster resource namespace, which goes with it', async () => {
    const notBefore = new Date(t.clock.now().getTime() + 5000);
    t.enroller.answers.push({ kind: 'pending', state: { step: 1 }, notBefore, reason: '' }, issued);
    await t.work(NODE);
    const record = t.client.objects.get('CMPv2Transaction system/uid-csr');
    expect(record).toMatchObject({
      metadata: {
        ownerReferences: [
          { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', name: NODE, uid: 'uid-csr' },
        ],
      },
      spec: { requestRef: { kind: 'CertificateSigningRequest', name: NODE, uid: 'uid-csr' } },
    });
    t.restart();
    await t.clock.advance(5000);
    await t.work(NODE);
    expect(t.enroller.calls).toEqual(['enroll uid-csr', 'resume uid-csr {"step":1}']);
    expect(t.client.recordCalls).toEqual(['create uid-csr', 'delete uid-csr']);
    t.store(signing({ status: { certificate: 'eA==' } }));
    t.controller.recordSeen(record as Transaction);
    expect(t.added).toEqual([NODE]);
  });

  it('that somebody else finished meanwhile has its certificate named', async () => {
    t.enroller.answers.push(issued);
    t.enroller.gate = () => t.store(signing({ conditions: [approved, condition('Failed', 'True')] }));
    await t.work(NODE);
    expect(t.client.writes).toEqual([]);
    expect(t.lines).toContainEqual([LEFT_BEHIND, expect.objectContaining({ serial: '0a', fate: 'undelivered' })]);
  });
});

describe('at the gate of its issuer', () => {
  const outage = 'nobody is there';
  const messages = () => t.client.writes.map(({ status }) => ready(status)?.message);
  const open = () => {
    t.gates.of(GROUP).report({ kind: 'neverReached', reason: outage });
    t.setView({ state: 'ready', uid: 'issuer-1', revision: 'r1', outage });
  };
  const back = () => {
    t.setView(undefined);
    t.gates.of(GROUP).report({ kind: 'probeSucceeded' });
  };

  it('tells what it learnt of the CA', async () => {
    t.enroller.answers.push(transient, transient, transient, transient, transient);
    for (let i = 0; i < 5; i++) {
      await t.work();
      await t.clock.advance(t.delays.at(-1) ?? 0);
    }
    expect(t.gates.of(GROUP).breaker).toMatchObject({ kind: 'open', outage: { reason: 'no answer' } });
    expect(t.gates.of(GROUP).idle).toBe(true);
  });

  it('takes a lost answer to a confirmation for no answer', async () => {
    for (let i = 0; i < 5; i++) {
      t.enroller.answers.push({ ...pending(1, true), failure: transient });
      await t.work();
      await t.clock.advance(5_000);
    }
    expect(t.enroller.calls).toHaveLength(5);
    expect(t.gates.of(GROUP).breaker.kind).toBe('open');
  });

  it('waits for the end of an outage with one write, and asks at once when it is over', async () => {
    t.enroller.answers.push(transient, issued);
    await t.work();
    open();
    for (let i = 0; i < 5; i++) await t.work();
    expect(messages()).toEqual([
      'no answer. Next try at 2026-01-01T00:00:02Z',
      'CMPv2Issuer resource shop/ca is not Ready: nobody is there',
    ]);
    expect(t.enroller.calls).toHaveLength(1);
    back();
    await t.work();
    expect(t.enroller.calls).toHaveLength(2);
    expect(messages().at(-1)).toBe('Certificate issued');
  });

  it('leaves the line when it needs the CA no more', async () => {
    open();
    back();
    const trial = t.gates.of(GROUP).ask('shop/other', 0, () => {});
    await t.work();
    expect(t.gates.of(GROUP).idle).toBe(false);
    trial?.end('answers');
    expect(t.added).toEqual([KEY]);
    expect(t.controller.rank({ group: GROUP, key: KEY })).toBe(0);
    t.store(request({ conditions: [denied] }));
    await t.work();
    expect(t.gates.of(GROUP).idle).toBe(true);
    expect(t.enroller.calls).toEqual([]);
  });

  it.each<[string, (last: SigningRequest) => void]>([
    ['deleted', (last) => t.controller.deleted(last)],
    ['finished', (last) => t.controller.changed({ ...last, state: 'closed' })],
  ])('leaves the line when it is %s', async (_name, end) => {
    open();
    back();
    t.gates
      .of(GROUP)
      .ask('shop/other', 0, () => {})
      ?.end('unknown');
    const trial = t.gates.of(GROUP).ask('shop/other', 0, () => {});
    await t.work();
    end(viewed(request()));
    trial?.end('answers');
    expect([t.added, t.gates.of(GROUP).idle]).toEqual([[], true]);
  });

  it('is told why it waits when the line is long, and goes on when it is called', async () => {
    const gate = t.gates.of(GROUP);
    gate.configure({ concurrency: 8, requestsPerSecond: 1 });
    gate.ask('shop/before', 0, () => {})?.end('answers');
    for (let i = 0; i < 30; i++) gate.ask(`shop/bulk-${i}`, 9, () => {});
    t.enroller.answers.push(issued);
    await t.work();
    await t.work();
    expect(messages()).toEqual([
      expect.stringMatching(/^Waiting in line: spec\.limits\.requestsPerSecond .* lets 1 exch/),
    ]);
    expect(t.enroller.calls).toEqual([]);
    await t.clock.advance(1_000);
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(messages().at(-1)).toBe('Certificate issued');
  });

  it('has a withdrawal wait for the end of an outage as well', async () => {
    t.enroller.answers.push(pending(1, true));
    await t.work();
    open();
    t.requests.delete(KEY);
    t.controller.deleted(viewed(request()));
    await t.work();
    await t.work();
    expect(t.enroller.calls).toHaveLength(1);
    t.added.length = 0;
    back();
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.enroller.calls.at(-1)).toBe('abandon {"step":1}');
    expect(t.gates.of(GROUP).idle).toBe(true);
  });
});
