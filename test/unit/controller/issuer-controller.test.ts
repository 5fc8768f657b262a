import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Condition, ConditionFacts } from '../../../src/api/conditions.js';
import type { Issuer } from '../../../src/api/issuer.js';
import type { ObjectRef } from '../../../src/api/meta.js';
import type { Secret } from '../../../src/api/secret.js';
import { CaProbing } from '../../../src/controller/ca-probing.js';
import { ExchangeGates } from '../../../src/controller/exchange-gates.js';
import { IssuerController } from '../../../src/controller/issuer-controller.js';
import type { RevocationTrouble } from '../../../src/controller/revocation/sources.js';
import type { DirectBackendConfig } from '../../../src/enrollment/direct-config.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import type { ObjectEvent } from '../../../src/kube/event-object.js';
import { createMetrics, createRegistry } from '../../../src/ops/metrics.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { ManualClock } from '../../support/manual-clock.js';
import { issuer } from './objects.js';
import { apiError, ScriptedClient } from './scripted-client.js';
import { ScriptedEnroller } from './scripted-enroller.js';

const pem = readFileSync(join(packageRoot(), 'fixtures', 'pki', 'root.crt'), 'utf8');
const KEY = 'CMPv2Issuer/shop/ca';
const NAME = { kind: 'CMPv2Issuer', namespace: 'shop', name: 'ca' } as const;

const secret = (name: string, resourceVersion: string, values: Record<string, string>, namespace = 'shop'): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, uid: `uid-${name}`, resourceVersion },
  data: Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});
const creds = (version: string, value = 'hush') => secret('creds', version, { reference: '3078', secret: value });
const trust = (namespace = 'shop') => secret('trust', '1', { 'ca.crt': pem }, namespace);

function harness() {
  const clock = new ManualClock();
  const client = new ScriptedClient();
  const enrollers: ScriptedEnroller[] = [];
  const configs: DirectBackendConfig[] = [];
  const probes: Error[] = [];
  const changed: string[] = [];
  const events: ObjectEvent[] = [];
  const watched = new Map<string, readonly ObjectRef[]>();
  const delays: number[] = [];
  const turned: string[] = [];
  let found: Issuer | undefined;
  const registry = createRegistry();
  const advice: { condition?: ConditionFacts; trouble?: RevocationTrouble; readonly asked: string[] } = { asked: [] };
  const trust = {
    watch: (key: string) => void advice.asked.push(key),
    condition: () => advice.condition,
    forget: (key: string) => void advice.asked.push(`no ${key}`),
  };
  const common = { metrics: createMetrics(registry), clock, uniform: () => 1, logger: silentLogger };
  const gates = new ExchangeGates({
    ...common,
    concurrency: 8,
    turned: (_issuer, state) => void turned.push(state),
  });
  const controller = new IssuerController(
    {
      ...common,
      gates,
      probing: new CaProbing({ ...common, gates }),
      client,
      find: () => found,
      createEnroller: (config) => {
        const enroller = new ScriptedEnroller();
        enroller.probes = probes.splice(0, 1);
        if (config.backend === 'cmp') configs.push(config.config);
        enrollers.push(enroller);
        return enroller;
      },
      clusterResourceNamespace: 'cert-manager',
      trust,
      revocationTrouble: () => advice.trouble,
      watches: { set: (key, refs) => void watched.set(key, refs) },
      changed: (key) => void changed.push(key),
      recorder: { record: (event) => void events.push(event), stop: async () => {} },
    },
    { add: () => {}, addAfter: (_group, _key, ms) => void delays.push(ms), forget: () => {}, remove: () => {} },
  );
  return {
    ...{
      gates,
      turned,
      clock,
      client,
      enrollers,
      configs,
      probes,
      changed,
      events,
      watched,
      delays,
      controller,
      advice,
      registry,
    },
    conditions: () => {
      const last: { conditions?: Condition[] } = client.writes.at(-1)?.status ?? {};
      return last.conditions ?? [];
    },
    put: (object: Issuer) => {
      found = object;
      client.put(object);
    },
    drop: () => {
      found = undefined;
    },
    work: (key = KEY) => controller.reconcile({ group: key, key }, new AbortController().signal),
    written: () => client.writes.map(({ status }) => (status as { conditions: Condition[] }).conditions[0]),
  };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
  t.put(issuer());
  t.client.put(creds('1'));
  t.client.put(trust());
});

describe('IssuerController', () => {
  it('verifies an issuer and says so once', async () => {
    expect(t.controller.view(NAME)).toEqual({ state: 'unverified' });
    await t.work();
    await t.work();
    expect(t.written()).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: 'Verified',
        message: 'CMPv2Issuer verified and ready to sign certificates',
        observedGeneration: 3,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
    expect(t.events).toHaveLength(1);
    expect(t.changed).toEqual([KEY]);
    expect(t.enrollers).toHaveLength(1);
    expect(t.controller.view(NAME)).toMatchObject({ state: 'ready', uid: 'issuer-1' });
    expect(t.watched.get(KEY)).toEqual([
      { namespace: 'shop', name: 'creds' },
      { namespace: 'shop', name: 'trust' },
    ]);
  });

  it('takes a changed Secret into use and closes what was built from the old one', async () => {
    await t.work();
    const before = t.controller.view(NAME);
    t.client.put(creds('2', 'new'));
    await t.work();
    expect(t.configs.map(({ protection }) => protection.type === 'mac' && protection.secret.toString())).toEqual([
      'hush',
      'new',
    ]);
    expect(t.enrollers.map(({ closed }) => closed)).toEqual([1, 0]);
    expect(t.controller.view(NAME)).not.toEqual(before);
    expect(before.state === 'ready' && t.controller.lease(NAME, before.revision)).toBeUndefined();
    expect(t.written()).toHaveLength(1);
  });

  it('says what is missing, comes back later and later, and heals', async () => {
    t.client.remove(creds('1'));
    await t.work();
    await t.work();
    expect(t.written()).toEqual([
      expect.objectContaining({
        status: 'False',
        reason: 'NotFound',
        message: 'Secret shop/creds does not exist: create it',
      }),
    ]);
    expect(t.controller.view(NAME)).toMatchObject({ state: 'notReady' });
    expect(t.delays).toEqual([2000, 4000]);
    await t.clock.advance(1000);
    t.client.put(creds('1'));
    await t.work();
    expect(t.written().at(-1)).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' });
    expect(t.changed).toHaveLength(2);
  });

  it('never signs with a configuration that is not the latest', async () => {
    await t.work();
    t.client.remove(creds('1'));
    await t.work();
    expect(t.enrollers[0]?.closed).toBe(1);
    expect(t.controller.view(NAME)).toMatchObject({ state: 'notReady' });
    t.put(issuer({ metadata: { generation: 4 } }));
    expect(t.controller.view(NAME)).toEqual({ state: 'unverified' });
  });

  it('shows what the probe found wrong with the configuration', async () => {
    t.probes.push(new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'issuer', message: 'what to do' }));
    await t.work();
    expect(t.written()).toEqual([
      expect.objectContaining({ status: 'False', reason: 'ValidationFailed', message: 'what to do' }),
    ]);
    expect(t.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'ValidationFailed' })]);
    expect(t.enrollers[0]?.closed).toBe(1);
    expect(t.turned).toEqual([]);
  });

  describe('whose CA cannot be reached', () => {
    const gone = (retryAfterMs?: number) =>
      new EnrollmentError({
        code: 'ConnectionFailed',
        retry: 'transient',
        message: 'nobody is there.',
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    const outage =
      'nobody is there. This has been so since 2026-01-01T00:00:00Z. The CA is asked again at least every 60 s, ' +
      'unless it wants to be left alone for longer, and requests go on as soon as it answers';
    const statuses = () => t.written().map((condition) => condition?.status);

    it('keeps its way to the CA, says so once, and asks again later and later', async () => {
      t.probes.push(gone());
      await t.work();
      for (let i = 0; i < 6; i++) {
        t.enrollers[0]?.probes.push(gone(i === 5 ? 90_000 : undefined));
        await t.clock.advance(t.delays.at(-1) ?? 0);
        await t.work();
      }
      expect(t.delays).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 90_000]);
      expect(t.written()).toEqual([expect.objectContaining({ status: 'False', reason: 'Error', message: outage })]);
      expect(t.events).toHaveLength(1);
      expect(t.enrollers.map(({ closed }) => closed)).toEqual([0]);
      const view = t.controller.view(NAME);
      expect(view).toMatchObject({ state: 'ready', uid: 'issuer-1', outage });
      expect(view.state === 'ready' && t.controller.lease(NAME, view.revision)).toBeDefined();
    });

    it('is not asked before its time, whatever else happens to the issuer', async () => {
      t.probes.push(gone());
      await t.work();
      t.enrollers[0]?.probes.push(gone());
      await t.clock.advance(1_999);
      await t.work();
      expect(t.delays).toEqual([2_000, 1]);
      expect(t.turned).toEqual(['open']);
    });

    it('is ready again when it answers at full speed, or nobody wants anything of it', async () => {
      t.probes.push(gone());
      await t.work();
      await t.clock.advance(2_000);
      await t.work();
      expect(t.controller.view(NAME)).not.toHaveProperty('outage');
      expect([t.turned, statuses(), t.delays.at(-1)]).toEqual([['open', 'halfOpen'], ['False'], 10_000]);
      await t.clock.advance(9_999);
      await t.work();
      expect(statuses()).toEqual(['False']);
      const busy = t.gates.of(KEY).ask('shop/web-1', 0, () => {});
      await t.clock.advance(10_000);
      await t.work();
      expect(statuses()).toEqual(['False']);
      busy?.cancel();
      await t.work();
      expect([t.turned, statuses()]).toEqual([
        ['open', 'halfOpen', 'closed'],
        ['False', 'True'],
      ]);
    });

    it('is found out by asking from time to time, but not by one lost packet', async () => {
      await t.work();
      expect(t.delays).toEqual([600_000]);
      await t.clock.advance(599_000);
      t.enrollers[0]?.probes.push(...Array.from({ length: 5 }, () => gone()));
      await t.work();
      expect(t.enrollers[0]?.probes).toHaveLength(5);
      await t.clock.advance(1_000);
      await t.work();
      expect(statuses()).toEqual(['True']);
      for (let i = 0; i < 4; i++) {
        await t.clock.advance(t.delays.at(-1) ?? 0);
        await t.work();
      }
      expect(t.delays.slice(2)).toEqual([2_000, 4_000, 8_000, 16_000, 2_000]);
      expect(statuses()).toEqual(['True', 'False']);
      expect(t.controller.view(NAME)).toMatchObject({
        outage: expect.stringContaining('since 2026-01-01T00:10:00Z'),
      });
    });

    it('is left alone for good reason only: a changed Secret is tried at once', async () => {
      t.probes.push(gone());
      await t.work();
      t.client.put(creds('2', 'new'));
      await t.work();
      expect(t.turned).toEqual(['open', 'halfOpen']);
      expect(t.enrollers.map(({ closed }) => closed)).toEqual([1, 0]);
    });

    it('is forgotten with its issuer', async () => {
      t.probes.push(gone());
      await t.work();
      t.drop();
      await t.work();
      expect(t.gates.of(KEY).breaker.kind).toBe('closed');
    });
  });

  it('shows a failure of its own as such, without its text', async () => {
    t.probes.push(new TypeError('undefined is not a function'));
    await t.work();
    expect(t.written()).toEqual([
      expect.objectContaining({ reason: 'Error', message: expect.stringMatching(/^internal error/) }),
    ]);
  });

  it('knows how many exchanges a ready issuer allows', async () => {
    expect(t.gates.concurrency(KEY)).toBe(8);
    t.put({ ...issuer(), spec: { ...issuer().spec, limits: { concurrency: 3, requestsPerSecond: 5 } } });
    await t.work();
    expect(t.gates.of(KEY).limits).toEqual({ concurrency: 3, requestsPerSecond: 5 });
    expect(t.gates.concurrency(KEY)).toBe(3);
  });

  describe('of ONAP', () => {
    const certSecretRef = { name: 'tls', keyRef: 'tls.key', certRef: 'tls.crt', cacertRef: 'ca.crt' };
    const spec = {
      caBundle: 'All',
      limits: {},
      url: 'https://oom-cert-service:8443',
      healthEndpoint: 'actuator/health',
      certEndpoint: 'v1/certificate',
      caName: 'RA',
      certSecretRef,
    } as const;
    const tls = secret('tls', '1', { 'tls.key': 'k', 'tls.crt': 'c', 'ca.crt': 'a' });

    it('is ready once CertService answers, and keeps an eye on its Secret', async () => {
      t.put({ ...issuer(), spec });
      t.client.put(tls);
      await t.work();
      expect(t.written()).toEqual([
        expect.objectContaining({
          status: 'True',
          reason: 'Verified',
          message: 'CMPv2Issuer verified and ready to sign certificates',
          observedGeneration: 3,
        }),
      ]);
      expect(t.watched.get(KEY)).toEqual([{ namespace: 'shop', name: 'tls' }]);
    });

    it.each<[string, Issuer['spec'], Secret | undefined, string, string]>([
      [
        'no url',
        { ...spec, url: '', caName: '' },
        tls,
        'ValidationFailed',
        'Failed to validate resource: spec.url cannot be empty',
      ],
      [
        'no CA',
        { ...spec, caName: '' },
        tls,
        'ValidationFailed',
        'Failed to validate resource: spec.caName cannot be empty',
      ],
      ...(['name', 'keyRef', 'certRef', 'cacertRef'] as const).map(
        (field): [string, Issuer['spec'], Secret, string, string] => [
          `no ${field}`,
          { ...spec, certSecretRef: { ...certSecretRef, [field]: '' } },
          tls,
          'ValidationFailed',
          `Failed to validate resource: spec.certSecretRef.${field} cannot be empty`,
        ],
      ),
      [
        'no Secret',
        spec,
        undefined,
        'NotFound',
        'Failed to retrieve provisioner secret: Secret shop/tls does not exist',
      ],
      ...(['keyRef', 'certRef', 'cacertRef'] as const).map(
        (field): [string, Issuer['spec'], Secret, string, string] => [
          `no key that ${field} names`,
          { ...spec, certSecretRef: { ...certSecretRef, [field]: 'other.pem' } },
          tls,
          'Error',
          'Failed to initialize provisioner: secret tls does not contain key other.pem',
        ],
      ),
    ])('tells what is wrong as ONAP does: %s', async (_name, broken, found, reason, message) => {
      t.put({ ...issuer(), spec: broken });
      if (found !== undefined) t.client.put(found);
      await t.work();
      expect(t.written()).toEqual([
        expect.objectContaining({ status: 'False', reason, message: expect.stringContaining(message) }),
      ]);
      expect(t.events).toEqual([expect.objectContaining({ type: 'Warning', reason })]);
    });

    it('tells of a failed health check, which ONAP keeps to its log', async () => {
      t.put({ ...issuer(), spec });
      t.client.put(tls);
      t.probes.push(
        new EnrollmentError({
          code: 'HttpFailed',
          retry: 'transient',
          message: 'health check returned status code [503]',
        }),
      );
      await t.work();
      expect(t.written()).toEqual([
        expect.objectContaining({
          status: 'False',
          reason: 'Error',
          message: expect.stringMatching(/^health check returned status code \[503\]\. This has been so since /),
        }),
      ]);
    });
  });

  it('reads the Secrets of a cluster issuer from the cluster resource namespace', async () => {
    const { namespace: _namespace, ...metadata } = issuer().metadata;
    t.put({ ...issuer(), kind: 'CMPv2ClusterIssuer', metadata });
    t.client.put(secret('creds', '1', { reference: 'r', secret: 's' }, 'cert-manager'));
    t.client.put(trust('cert-manager'));
    await t.work('CMPv2ClusterIssuer/ca');
    expect(t.written()).toEqual([expect.objectContaining({ reason: 'Verified' })]);
  });

  it.each([500, 429])('changes nothing when the API server cannot tell (%i)', async (code) => {
    await t.work();
    t.client.failures.get.push(apiError(code, 'x'));
    await expect(t.work()).rejects.toMatchObject({ code });
    expect(t.controller.view(NAME)).toMatchObject({ state: 'ready' });
    expect(t.enrollers[0]?.closed).toBe(0);
  });

  it('goes on serving while its status cannot be written, and writes it later', async () => {
    t.client.failures.write.push(apiError(500, 'x'));
    await expect(t.work()).rejects.toThrow();
    expect(t.controller.view(NAME)).toMatchObject({ state: 'ready' });
    await t.work();
    expect(t.written()).toHaveLength(1);
    expect(t.enrollers).toHaveLength(1);
  });

  it('forgets an issuer that is gone', async () => {
    await t.work();
    t.drop();
    await t.work();
    expect(t.enrollers[0]?.closed).toBe(1);
    expect(t.watched.get(KEY)).toEqual([]);
    expect(t.changed).toEqual([KEY, KEY]);
    expect(t.controller.view(NAME)).toEqual({ state: 'missing' });
  });

  describe('besides readiness', () => {
    const news: ConditionFacts = {
      type: 'TrustUpdateAvailable',
      status: 'True',
      reason: 'SuccessorAnnounced',
      message: 'a new root',
      observedGeneration: 3,
    };
    const types = () => t.conditions().map(({ type }) => type);
    // Lives for a day, until 2026-11-23T12:29:24Z.
    const shortLived = readFileSync(join(packageRoot(), 'fixtures', 'pki', 'leaf-short.crt'), 'utf8');
    const trustShortLived = async (now: string) => {
      t.client.put(secret('trust', '1', { 'ca.crt': shortLived }));
      await t.clock.advance(new Date(now).getTime() - t.clock.now().getTime());
    };

    it('is told what the CA said about its roots, in every write, with an event each time it is news', async () => {
      await t.work();
      expect(types()).toEqual(['Ready']);
      t.advice.condition = news;
      await t.work();
      await t.work();
      expect(t.client.writes).toHaveLength(2);
      expect(types()).toEqual(['Ready', 'TrustUpdateAvailable']);
      t.client.remove(creds('1'));
      await t.work();
      expect(t.conditions()).toMatchObject([{ type: 'Ready', status: 'False' }, news]);
      delete t.advice.condition;
      await t.work();
      expect(types()).toEqual(['Ready']);
      expect(t.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
        'Normal Verified',
        'Warning SuccessorAnnounced',
        'Warning NotFound',
      ]);
    });

    it.each<[Partial<ConditionFacts>, number]>([
      [{ status: 'False', reason: 'NothingNew' }, 0],
      [{ status: 'Unknown', reason: 'NoAnswer' }, 0],
      [{ status: 'Unknown', reason: 'NotBelieved' }, 1],
    ])('makes events only of what wants somebody: %j', async (change, count) => {
      t.advice.condition = { ...news, ...change };
      await t.work();
      expect(types()).toEqual(['Ready', 'TrustUpdateAvailable']);
      expect(t.events.filter(({ action }) => action === 'RefreshTrust')).toHaveLength(count);
    });

    it('warns of a configured certificate that ends soon, once, until it is replaced', async () => {
      await trustShortLived('2026-11-23T12:00:00Z');
      await t.work();
      await t.clock.advance(60_000);
      await t.work();
      expect(t.conditions()).toMatchObject([
        { type: 'Ready', status: 'True' },
        { type: 'CredentialsExpiring', status: 'True', reason: 'ExpiresSoon' },
      ]);
      expect(t.events.filter(({ reason }) => reason === 'ExpiresSoon')).toHaveLength(1);
      t.client.put(secret('trust', '2', { 'ca.crt': pem }));
      await t.work();
      expect(types()).toEqual(['Ready']);
    });

    it('says so too while it is not ready because of that', async () => {
      await trustShortLived('2026-11-24T00:00:00Z');
      t.probes.push(new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'issuer', message: 'expired' }));
      await t.work();
      expect(t.conditions()).toMatchObject([
        { type: 'Ready', status: 'False' },
        { type: 'CredentialsExpiring', reason: 'Expired' },
      ]);
    });

    it('tells that nothing would be revoked, as long as that is so', async () => {
      t.advice.trouble = { reason: 'Forbidden', message: 'bind the role' };
      await t.work();
      await t.work();
      expect(t.conditions()).toMatchObject([
        { type: 'Ready', status: 'True' },
        { type: 'RevocationBlocked', status: 'True', reason: 'Forbidden', message: 'bind the role' },
      ]);
      expect(t.events.filter(({ action }) => action === 'Revoke')).toEqual([
        expect.objectContaining({ type: 'Warning', reason: 'Forbidden', note: 'bind the role' }),
      ]);
      delete t.advice.trouble;
      await t.work();
      expect(types()).toEqual(['Ready']);
    });

    it('shows the ends of its certificates as a metric, while it is there', async () => {
      const shown = () => t.registry.getSingleMetricAsString('cmpv2_issuer_credential_expiry_timestamp_seconds');
      await t.work();
      await expect(shown()).resolves.toMatch(/issuer="ca",credential="trust-anchor-[0-9a-f]{8}"\} 4948950563\b/);
      t.drop();
      await t.work();
      await expect(shown()).resolves.not.toMatch(/issuer="ca"/);
    });

    it('lets its CA be asked about roots while it is ready, and no more once it is gone', async () => {
      await t.work();
      t.client.remove(creds('1'));
      await t.work();
      t.drop();
      await t.work();
      expect(t.advice.asked).toEqual([KEY, `no ${KEY}`]);
    });
  });
});
