import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '../../../src/api/meta.js';
import { apiErrorFromStatus, TransportError } from '../../../src/kube/api-error.js';
import type { ObjectEvent } from '../../../src/kube/event-object.js';
import { eventObject, truncateUtf8 } from '../../../src/kube/event-object.js';
import { KubeEventRecorder } from '../../../src/kube/event-recorder.js';
import { microTime } from '../../../src/kube/micro-time.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { status } from './http-fixture.js';
import { ScriptedClient } from './scripted-client.js';

const REPORTER = { controller: 'cmpv2-issuer', instance: 'pod-1' };

function regarding(name = 'request', namespace: string | undefined = 'team'): KubeObject {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '5', ...(namespace !== undefined && { namespace }) },
  };
}

function event(more: Partial<ObjectEvent> = {}): ObjectEvent {
  return { regarding: regarding(), type: 'Normal', reason: 'Issued', action: 'Enroll', note: 'done', ...more };
}

const failure = (code: number, reason: string) => apiErrorFromStatus(status(code, reason, 'no'), code);

const recorders: KubeEventRecorder[] = [];
afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.stop(0);
});

function start() {
  const client = new ScriptedClient();
  const clock = new ManualClock();
  const recorder = new KubeEventRecorder({
    client,
    clock,
    uniform: () => 0.5,
    logger: silentLogger,
    reporter: REPORTER,
  });
  recorders.push(recorder);
  const writes = () => client.writes as { verb: string; object: Record<string, unknown> }[];
  return { client, clock, recorder, writes, verbs: () => writes().map(({ verb }) => verb) };
}

describe('microTime', () => {
  it('has exactly six fractional digits', () => {
    expect(microTime(new Date('2026-01-02T03:04:05.006Z'))).toBe('2026-01-02T03:04:05.006000Z');
  });
});

describe('truncateUtf8', () => {
  it('property: fits, is a beginning, and is as long as it can be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 40 }), (text, octets) => {
        const cut = truncateUtf8(text, octets);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(octets);
        expect(text.startsWith(cut)).toBe(true);
        const next = text.codePointAt(cut.length);
        if (next !== undefined) expect(Buffer.byteLength(cut + String.fromCodePoint(next))).toBeGreaterThan(octets);
      }),
    );
  });
});

describe('eventObject', () => {
  it('keeps the rules of events.k8s.io/v1', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const object = eventObject(event({ note: 'ü'.repeat(1_000) }), REPORTER, at, 'abc');
    expect(object).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'request.abc', namespace: 'team' },
      eventTime: '2026-01-02T03:04:05.678000Z',
      reportingController: 'cmpv2-issuer',
      reportingInstance: 'pod-1',
      action: 'Enroll',
      reason: 'Issued',
      type: 'Normal',
      regarding: { kind: 'CertificateRequest', name: 'request', namespace: 'team', uid: 'uid-request' },
    });
    expect(Buffer.byteLength(object.note)).toBe(1024);
    expect(object).not.toHaveProperty('series');
  });

  it('puts events about cluster-scoped objects into the namespace default', () => {
    const { namespace: _, ...metadata } = regarding('issuer').metadata;
    const object = eventObject(event({ regarding: { ...regarding(), metadata } }), REPORTER, new Date(0), 'abc');
    expect(object.metadata.namespace).toBe('default');
    expect(object.regarding).not.toHaveProperty('namespace');
  });

  it('keeps the name of the event within bounds, and valid', () => {
    const name = `${'a'.repeat(247)}.${'b'.repeat(5)}`;
    const object = eventObject(event({ regarding: regarding(name) }), REPORTER, new Date(0), 'abcde');
    expect(object.metadata.name).toBe(`${'a'.repeat(247)}.abcde`);
  });
});

describe('KubeEventRecorder', () => {
  it('writes one event per kind of news, with names of their own', async () => {
    const { recorder, writes } = start();
    recorder.record(event());
    recorder.record(event({ note: 'done differently' }));
    recorder.record(event({ regarding: regarding('other') }));
    await settled();
    expect(writes().map(({ verb }) => verb)).toEqual(['create', 'create', 'create']);
    const names = writes().map(({ object }) => (object as unknown as KubeObject).metadata.name);
    expect(new Set(names).size).toBe(3);
  });

  it('turns repetitions within six minutes into a series', async () => {
    const { recorder, clock, writes } = start();
    for (let i = 0; i < 3; i++) {
      recorder.record(event());
      await clock.advance(60_000);
    }
    expect(writes().map(({ verb }) => verb)).toEqual(['create', 'patch', 'patch']);
    expect(writes()[2]?.object).toMatchObject({
      ref: { name: expect.stringMatching(/^request\./), namespace: 'team' },
      patch: { kind: 'merge', body: { series: { count: 3, lastObservedTime: '2026-01-01T00:02:00.000000Z' } } },
    });
    await clock.advance(6 * 60_000);
    recorder.record(event());
    await settled();
    expect(writes().at(-1)?.verb).toBe('create');
  });

  it('writes anew what the server has forgotten', async () => {
    const { recorder, client, verbs } = start();
    client.onWrite = ({ verb }) => {
      if (verb === 'patch') throw failure(404, 'NotFound');
    };
    recorder.record(event());
    await settled();
    recorder.record(event());
    await settled();
    expect(verbs()).toEqual(['create', 'patch', 'create']);
  });

  it('lets through a burst of 25 per object, then one in five minutes, and others undisturbed', async () => {
    const { recorder, clock, verbs } = start();
    for (let i = 0; i < 40; i++) recorder.record(event({ note: `attempt ${i}` }));
    recorder.record(event({ regarding: regarding('quiet') }));
    await settled();
    expect(verbs()).toHaveLength(26);
    await clock.advance(5 * 60_000);
    for (let i = 40; i < 45; i++) recorder.record(event({ note: `attempt ${i}` }));
    await settled();
    expect(verbs()).toHaveLength(27);
    expect(recorder.dropped).toBe(19);
  });

  it.each<[string, Error, number]>([
    ['a refusal: once', failure(403, 'Forbidden'), 1],
    ['an invalid event: once', failure(422, 'Invalid'), 1],
    ['a server error: three times', failure(500, 'InternalError'), 3],
    ['no answer: three times', new TransportError('reset', 'cut'), 3],
  ])('tries on %s, then drops it and goes on', async (_, error, tries) => {
    const { recorder, client, clock, verbs } = start();
    client.onWrite = () => {
      throw error;
    };
    recorder.record(event());
    await clock.advance(60_000);
    expect(verbs()).toHaveLength(tries);
    expect(recorder.dropped).toBe(1);
    client.onWrite = () => {};
    recorder.record(event({ note: 'next' }));
    await settled();
    expect(verbs()).toHaveLength(tries + 1);
  });

  it('uses one name for all tries, and takes "already exists" for success', async () => {
    const { recorder, client, clock, writes } = start();
    const answers = [new TransportError('reset', 'the answer was lost'), failure(409, 'AlreadyExists')];
    client.onWrite = () => {
      const answer = answers.shift();
      if (answer !== undefined) throw answer;
    };
    recorder.record(event());
    await clock.advance(60_000);
    expect(recorder.dropped).toBe(0);
    const names = writes().map(({ object }) => (object as unknown as KubeObject).metadata.name);
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(1);
  });

  describe('stop', () => {
    it('sends what is queued first', async () => {
      const { recorder, verbs } = start();
      recorder.record(event());
      recorder.record(event({ note: 'second' }));
      await recorder.stop(1_000);
      recorder.record(event({ note: 'too late' }));
      expect(verbs()).toEqual(['create', 'create']);
    });

    it('does not wait for longer than it may', async () => {
      const { recorder, client, clock } = start();
      client.onWrite = () => {
        throw failure(500, 'InternalError');
      };
      recorder.record(event());
      const stopped = recorder.stop(100);
      await clock.advance(100);
      await stopped;
      await settled();
      expect(clock.sleeping).toBe(0);
    });
  });
});
