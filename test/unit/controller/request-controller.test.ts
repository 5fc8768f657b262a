import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import { EnrollerLease } from '../../../src/controller/enroller-lease.js';
import type { IssuerView } from '../../../src/controller/issuer-view.js';
import { RequestController } from '../../../src/controller/request-controller.js';
import { requestIndexes } from '../../../src/controller/request-projection.js';
import { RequestWriter } from '../../../src/controller/request-writer.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import type { ObjectEvent } from '../../../src/kube/event-object.js';
import { IndexedStore } from '../../../src/kube/store.js';
import { createMetrics, createRegistry } from '../../../src/ops/metrics.js';
import type { LogFields, Logger } from '../../../src/runtime/logger.js';
import { ManualClock } from '../../support/manual-clock.js';
import { approved, condition, denied, issued, request } from './objects.js';
import { apiError, ScriptedClient } from './scripted-client.js';
import { ScriptedEnroller } from './scripted-enroller.js';

const KEY = 'shop/web-1';
const GROUP = 'CMPv2Issuer/shop/ca';

function harness() {
  const clock = new ManualClock();
  const client = new ScriptedClient();
  const enroller = new ScriptedEnroller();
  const requests = new IndexedStore<CertificateRequest>(requestIndexes);
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
  let revision = 'r1';
  let view: IssuerView | undefined;
  const controller = new RequestController(
    {
      requests,
      issuers: {
        view: () => view ?? { state: 'ready', uid: 'issuer-1', revision },
        lease: (_name, wanted) =>
          wanted === revision ? new EnrollerLease({ revision: wanted, backend: 'cmp', enroller }, logger) : undefined,
      },
      client,
      writer: new RequestWriter({ client, clock, metrics }),
      recorder: { record: (event) => void events.push(event), stop: async () => {} },
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
  return {
    ...{ clock, client, enroller, requests, events, delays, added, lines, controller, stop, registry },
    setView: (next: IssuerView | undefined) => {
      view = next;
    },
    setRevision: (next: string) => {
      revision = next;
    },
    /** The API server and our copy both have this object now. */
    store: (object: CertificateRequest) => {
      client.put(object);
      requests.set(object);
    },
    work: () => controller.reconcile({ group: GROUP, key: KEY }, stop.signal),
  };
}

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
    expect(t.events).toHaveLength(1);
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

  it('tells a lasting outage once and comes back later and later', async () => {
    t.enroller.answers.push(transient, transient, transient);
    for (let i = 0; i < 3; i++) {
      await t.work();
      await t.clock.advance(t.delays.at(-1) ?? 0);
    }
    expect(t.delays).toEqual([2000, 4000, 8000]);
    expect(t.client.writes).toHaveLength(1);
    expect(ready(t.client.writes[0]?.status ?? {})).toMatchObject({ reason: 'Pending', message: 'no answer' });
    expect(t.events).toHaveLength(1);
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

  it.each([
    [
      'deleted while the CA works',
      () => {
        t.requests.delete(KEY);
        t.client.remove(request());
      },
    ],
    ['deleted unseen', () => t.client.failures.write.push(apiError(404, 'NotFound'))],
    [
      'recreated under the same name',
      () => {
        t.client.put(request({ metadata: { uid: 'uid-2' } }));
        t.client.failures.write.push(apiError(409, 'Conflict'));
      },
    ],
  ])('names the certificate nobody will get: request %s', async (_name, change) => {
    t.enroller.answers.push(issued);
    t.enroller.gate = () => {
      change();
    };
    await t.work();
    expect(t.client.writes).toEqual([]);
    expect(t.lines).toContainEqual([
      expect.stringContaining('consider revoking'),
      expect.objectContaining({ serial: '0a' }),
    ]);
    await expect(t.registry.metrics()).resolves.toMatch(/certificates_unclaimed_total\{.*\} 1/);
  });

  it('enrols for another uid of the same name, and never mixes the two', async () => {
    t.enroller.answers.push(transient, issued);
    await t.work();
    t.controller.deleted(request());
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
    t.controller.changed(object);
    expect(t.added).toEqual(keys);
  });
});
