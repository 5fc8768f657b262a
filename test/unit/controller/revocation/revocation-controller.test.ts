import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Certificate } from '../../../../src/api/certificate.js';
import { type IssuedCertificateRecord, REVOCATION_REASON_ANNOTATION } from '../../../../src/api/issued-certificate.js';
import type { Issuer } from '../../../../src/api/issuer.js';
import type { IssuerView } from '../../../../src/controller/issuer-view.js';
import { Owners } from '../../../../src/controller/revocation/owners.js';
import { recordIndexes } from '../../../../src/controller/revocation/record.js';
import { RevocationController } from '../../../../src/controller/revocation/revocation-controller.js';
import type { RevocationOrder, RevocationOutcome } from '../../../../src/enrollment/enroller.js';
import { EnrollmentError } from '../../../../src/enrollment/error.js';
import { ApiError } from '../../../../src/kube/api-error.js';
import type { ObjectEvent } from '../../../../src/kube/event-object.js';
import { IndexedStore, objectKey } from '../../../../src/kube/store.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { issuer, NOW } from '../objects.js';
import { apiError, ScriptedClient } from '../scripted-client.js';
import { ISSUER_NAME, orphanedRecordObject, pem, recordObject } from './objects.js';

const GROUP = 'CMPv2Issuer/shop/ca';
const KEY = 'shop/request-1-abcd';
const { signal } = new AbortController();

const certificate = (uid = 'certificate-1', reason?: string): Certificate => ({
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: {
    namespace: 'shop',
    name: 'web',
    uid,
    resourceVersion: '1',
    ...(reason !== undefined && { annotations: { [REVOCATION_REASON_ANNOTATION]: reason } }),
  },
  spec: { secretName: '' },
});

const done: RevocationOutcome = { already: false, notes: [] };
const failed = (retry: EnrollmentError['retry'], message = 'no connection') =>
  new EnrollmentError({ code: 'ConnectionFailed', retry, message });

function harness() {
  const clock = new ManualClock(NOW);
  const client = new ScriptedClient();
  const records = new IndexedStore<IssuedCertificateRecord>(recordIndexes);
  const certificates = new IndexedStore<Certificate>();
  const state: { complete: boolean; view: IssuerView; issuer: Issuer | undefined } = {
    complete: true,
    view: { state: 'ready', uid: 'issuer-1', revision: '1' },
    issuer: issuer({ cmp: { revocation: 'OnDelete' } }),
  };
  const answers: (RevocationOutcome | 'notReady' | 'notYet' | Error)[] = [];
  const orders: RevocationOrder[] = [];
  const events: ObjectEvent[] = [];
  const added: string[] = [];
  const left: string[] = [];
  const delays: number[] = [];
  const due: number[] = [];
  const owners = new Owners({ client, certificates, complete: () => state.complete });
  const controller = new RevocationController(
    {
      records,
      owners,
      issuers: { view: () => state.view, lease: () => undefined },
      findIssuer: () => state.issuer,
      revoker: {
        revoke: async (name, _asker, order) => {
          expect(name).toEqual(ISSUER_NAME);
          orders.push(order);
          const answer = answers.shift() ?? done;
          if (answer instanceof Error) throw answer;
          return answer;
        },
        leave: (_name, key) => void left.push(key),
      },
      clusterResourceNamespace: 'system',
      client,
      recorder: { record: (event) => void events.push(event), stop: async () => {} },
      metrics: { revocationsDue: (_issuer, count) => void due.push(count) },
      clock,
      uniform: () => 1,
      logger: silentLogger,
    },
    {
      add: (_group, key) => void added.push(key),
      addAfter: (_group, _key, ms) => void delays.push(ms),
      forget: () => {},
      remove: () => {},
    },
  );
  /** Our copy catches up with what the API server holds. */
  const catchUp = () => {
    const found = client.objects.get(`CMPv2IssuedCertificate ${KEY}`) as IssuedCertificateRecord | undefined;
    const before = records.get({ namespace: 'shop', name: 'request-1-abcd' });
    if (found !== undefined) records.set(found);
    else if (before !== undefined) {
      records.delete(KEY);
      controller.recordGone(before);
    }
    return found;
  };
  return {
    ...{
      left,
      clock,
      client,
      records,
      certificates,
      state,
      answers,
      orders,
      events,
      added,
      delays,
      due,
      owners,
      controller,
    },
    catchUp,
    keep: (record = recordObject()) => {
      client.put(record);
      records.set({ ...record, spec: { ...record.spec, certificate: '' } });
    },
    present: (object = certificate()) => {
      client.put(object);
      certificates.set(object);
    },
    /** The Certificate goes, and we see it. */
    goes: (object = certificate()) => {
      client.remove(object);
      certificates.delete(objectKey(object.metadata));
      controller.certificateGone(object);
    },
    work: async (key = KEY) => {
      await controller.reconcile({ group: GROUP, key }, signal);
      catchUp();
    },
  };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
  t.keep();
  t.present();
});

describe('RevocationController', () => {
  it('does nothing while the Certificate is there', async () => {
    await t.work();
    expect([t.orders, t.client.recordCalls, t.events, t.delays, t.due]).toEqual([[], [], [], [], []]);
  });

  it('revokes once, tells it at the issuer, and removes the record', async () => {
    t.goes();
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.orders).toEqual([{ certificatePem: pem, reason: 'cessationOfOperation' }]);
    expect(t.client.recordCalls).toEqual(['delete request-1-abcd']);
    expect(t.events).toEqual([
      expect.objectContaining({ type: 'Normal', reason: 'CertificateRevoked', regarding: t.state.issuer }),
    ]);
    expect(t.due).toEqual([1, 0]);
    await t.work();
    expect(t.orders).toHaveLength(1);
  });

  it('believes the API server and not its copy', async () => {
    t.certificates.delete('shop/web');
    await t.work();
    expect(t.orders).toEqual([]);
    expect(t.delays).toEqual([60_000]);
    t.client.remove(certificate());
    await t.work();
    expect(t.orders).toHaveLength(1);
  });

  it('takes a Certificate of the same name for another one', async () => {
    t.goes();
    t.present(certificate('certificate-2'));
    await t.work();
    expect(t.orders).toHaveLength(1);
  });

  it('revokes nothing before it knows all Certificates', async () => {
    t.state.complete = false;
    t.certificates.delete('shop/web');
    t.client.remove(certificate());
    await t.work();
    expect(t.orders).toEqual([]);
    t.state.complete = true;
    t.controller.sweep();
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.orders).toHaveLength(1);
  });

  it('revokes nothing because cert-manager was removed', async () => {
    t.goes();
    t.client.failures.get.push(new ApiError({ code: 404, reason: 'NotFound', message: 'no such resource' }));
    await t.work();
    expect(t.orders).toEqual([]);
    expect(t.delays).toEqual([60_000]);
  });

  it.each([403, 500])('revokes nothing while the API server does not tell (%i)', async (code) => {
    t.goes();
    t.client.failures.get.push(apiError(code, 'x'));
    await expect(t.work()).rejects.toMatchObject({ code });
    expect(t.orders).toEqual([]);
  });

  it('keeps the annotation in mind', async () => {
    t.present(certificate('certificate-1', 'superseded'));
    await t.work();
    expect(t.catchUp()?.spec.reason).toBe('superseded');
    t.present(certificate());
    await t.work();
    expect(t.catchUp()?.spec).not.toHaveProperty('reason');
    expect(t.client.recordCalls).toEqual(['patch request-1-abcd', 'patch request-1-abcd']);
  });

  it('keeps an annotation that came with the deletion before it revokes', async () => {
    t.goes(certificate('certificate-1', 'keyCompromise'));
    await t.work();
    expect([t.orders, t.catchUp()?.spec.reason]).toEqual([[], 'keyCompromise']);
    await t.work();
    expect(t.orders).toMatchObject([{ reason: 'keyCompromise' }]);
  });

  it('tells of an annotation that is none', () => {
    t.controller.certificateChanged(certificate('certificate-1', 'because'));
    t.controller.certificateChanged(certificate('certificate-1', 'superseded'));
    expect(t.events).toEqual([
      expect.objectContaining({
        type: 'Warning',
        reason: 'RevocationReasonUnknown',
        note: expect.stringMatching(/"because"/),
      }),
    ]);
  });

  it('asks again later and later, and tells a lasting failure once', async () => {
    t.answers.push(failed('transient'), failed('transient'), failed('transient'), { already: true, notes: ['late'] });
    t.goes();
    for (let tries = 0; tries < 3; tries++) {
      await t.work();
      await t.clock.advance(t.delays.at(-1) ?? 0);
    }
    expect(t.delays).toEqual([2_000, 4_000, 8_000]);
    expect(t.client.recordCalls).toEqual(['patch request-1-abcd']);
    expect(t.catchUp()?.spec.revocation).toEqual({ phase: 'Due', message: 'no connection' });
    expect(t.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'RevocationDelayed' })]);
    await t.work();
    expect(t.events.at(-1)).toMatchObject({
      reason: 'CertificateRevoked',
      note: expect.stringMatching(/had been revoked already: .*late/),
    });
  });

  it('asks no more after a refusal, until the issuer changes', async () => {
    t.answers.push(failed('request', 'CA says no'));
    t.goes();
    await t.work();
    await t.clock.advance(10 * 86_400_000);
    await t.work();
    expect(t.orders).toHaveLength(1);
    expect(t.delays).toEqual([]);
    expect(t.catchUp()?.spec.revocation).toEqual({ phase: 'Refused', message: 'CA says no' });
    expect(t.events).toEqual([expect.objectContaining({ reason: 'RevocationRefused' })]);
    t.state.view = { state: 'ready', uid: 'issuer-1', revision: '2' };
    t.added.length = 0;
    t.controller.issuerChanged(GROUP);
    expect(t.added).toEqual([KEY]);
    await t.work();
    expect(t.orders).toHaveLength(2);
  });

  it('does not wake up for an issuer while the Certificate is there', () => {
    t.controller.issuerChanged(GROUP);
    expect(t.added).toEqual([]);
  });

  it('waits a moment when the issuer changes under its hands', async () => {
    t.answers.push('notReady');
    t.goes();
    await t.work();
    expect(t.delays).toEqual([60_000]);
    expect(t.client.recordCalls).toEqual([]);
  });

  it('is called when it is its turn with the CA, and waits no more once it is gone', async () => {
    t.answers.push('notYet');
    t.goes();
    await t.work();
    expect([t.orders.length, t.delays]).toEqual([1, []]);
    t.left.length = 0;
    const [record] = [...t.records.values()];
    if (record === undefined) throw new Error('there is no record');
    t.controller.recordGone(record);
    expect(t.left).toEqual(['shop/request-1-abcd']);
  });

  it('does not revoke twice when the record cannot be removed at first', async () => {
    t.client.failures.record.push(apiError(500, 'x'));
    t.goes();
    await expect(t.work()).rejects.toMatchObject({ code: 500 });
    await t.work();
    expect(t.orders).toHaveLength(1);
    expect(t.client.recordCalls).toEqual(['delete request-1-abcd']);
  });

  it('revokes nothing for a record that somebody deleted', async () => {
    t.goes();
    t.client.remove(recordObject());
    await t.work();
    expect(t.orders).toEqual([]);
  });

  it('ignores a record that is not where it belongs', async () => {
    const forged = recordObject(
      { issuerRef: { kind: 'CMPv2ClusterIssuer', name: 'ca', uid: 'issuer-1' } },
      { name: 'forged', uid: 'record-2' },
    );
    t.keep(forged);
    t.goes();
    await t.work('shop/forged');
    expect([t.orders, t.client.recordCalls]).toEqual([[], []]);
  });

  it('revokes at once what nobody ever got, whatever is known of Certificates', async () => {
    t.state.complete = false;
    t.keep(orphanedRecordObject());
    await t.work();
    expect(t.orders).toEqual([{ certificatePem: pem, reason: 'cessationOfOperation' }]);
    expect(t.client.recordCalls).toEqual(['delete request-1-abcd']);
    expect(t.events).toMatchObject([
      { reason: 'CertificateRevoked', note: expect.stringMatching(/: nobody ever got it \(request shop\/web-1\)$/) },
    ]);
  });

  it.each([
    ['in the namespace of another request', orphanedRecordObject({ requestRef: { name: 'web-1', uid: 'request-1' } })],
    [
      'of a CMPv2ClusterIssuer',
      orphanedRecordObject({ issuerRef: { kind: 'CMPv2ClusterIssuer', name: 'ca', uid: 'issuer-1' } }),
    ],
    ['that says both', recordObject({ orphaned: 'Unused' })],
  ])('believes no record of an unused certificate that is not where it belongs: %s', async (_name, record) => {
    t.goes();
    t.keep(record);
    await t.work();
    expect([t.orders, t.client.recordCalls]).toEqual([[], []]);
  });

  it('wakes up for the issuer of what nobody ever got', () => {
    t.keep(orphanedRecordObject());
    t.controller.issuerChanged(GROUP);
    expect(t.added).toEqual([KEY]);
  });

  it('forgets a certificate that has expired', async () => {
    await t.clock.advance(new Date('2030-06-01T00:00:00Z').getTime() - NOW.getTime());
    await t.work();
    expect(t.orders).toEqual([]);
    expect(t.client.recordCalls).toEqual(['delete request-1-abcd']);
  });

  it('remembers a Certificate that is gone only while it has to', async () => {
    t.goes(certificate('certificate-1', 'keyCompromise'));
    const owner = { namespace: 'shop', name: 'web', uid: 'certificate-1' };
    await t.owners.confirm(owner, signal);
    expect(t.owners.view(owner)).toEqual({ state: 'gone', last: { annotation: 'keyCompromise' } });
    await t.work();
    await t.work();
    expect(t.owners.view(owner)).toEqual({ state: 'missing' });
  });
});
