import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject, ObjectRef } from '../../src/api/meta.js';
import { createEngine, type Engine } from '../../src/controller/engine.js';
import { Sources } from '../../src/controller/sources.js';
import type { BackendConfig } from '../../src/enrollment/backend-config.js';
import { createDirectEnroller } from '../../src/enrollment/direct.js';
import type { Enroller } from '../../src/enrollment/enroller.js';
import { ApiClient } from '../../src/kube/api-client.js';
import type { KubeClient } from '../../src/kube/client.js';
import { loadKubeAccess } from '../../src/kube/config.js';
import { KubeEventRecorder } from '../../src/kube/event-recorder.js';
import { KubeTransport } from '../../src/kube/transport.js';
import { createMetrics, createRegistry } from '../../src/ops/metrics.js';
import { silentLogger } from '../../src/runtime/logger.js';
import { systemRandom } from '../../src/runtime/random.js';
import { type ApiServer, type SandboxCa, startApiServer, startSandboxCa } from '../../src/sandbox/index.js';
import { ManualClock, settled } from './manual-clock.js';
import { TcpSwitch } from './tcp-switch.js';

const TOKEN = 'controller';
export const CONTROLLER = 'system:serviceaccount:cert-manager:cmpv2-issuer';

/** So many rounds of the event loop without anything under way, and nothing is. */
const QUIET_ROUNDS = 25;
/** What is under way for longer, in real milliseconds, is waited for no more. */
const MOST_REAL_MS = 20_000;
/** A watch may have to be opened anew, for which time must pass. */
const CATCH_UP_REAL_MS = 500;

interface Call {
  readonly verb: string;
  /** On the simulated clock, since its start. */
  readonly atMs: number;
  /** Exchanges under way, this one included. */
  readonly atOnce: number;
}

/**
 * The controller with everything below it, the embedded API server and the sandbox CA, all in this process and over real
 * sockets, but in simulated time: it passes only when nothing is left to do without it.
 */
export class Simulation {
  readonly api: ApiServer;
  readonly ca: SandboxCa;
  /** The CA's port as the controller knows it. */
  readonly port: TcpSwitch;
  readonly clock = new ManualClock(new Date());
  readonly registry = createRegistry();
  /** What was asked of Enrollers, in order: `enroll`, `resume`, `abandon` and `probe`. */
  readonly calls: Call[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-simulation-'));
  readonly #stop = new AbortController();
  #underWay = 0;
  #exchanges = 0;
  #watching: Promise<void> | undefined;
  #engine: Engine | undefined;
  #sources: Sources | undefined;
  #transport: KubeTransport | undefined;

  private constructor(api: ApiServer, ca: SandboxCa, port: TcpSwitch) {
    this.api = api;
    this.ca = ca;
    this.port = port;
  }

  static async start(): Promise<Simulation> {
    const api = await startApiServer({ tokens: [{ token: TOKEN, user: CONTROLLER }], journalLimit: 20_000 });
    // The CA's clock is the simulation's: it looks at the time of messages.
    let clock: ManualClock | undefined;
    const ca = await startSandboxCa({
      transactionLifetimeSeconds: 86_400,
      clock: {
        now: () => clock?.now() ?? new Date(),
        monotonic: () => clock?.monotonic() ?? 0,
        sleep: (ms, signal) => (clock ?? new ManualClock()).sleep(ms, signal),
        after: (ms, action) => (clock ?? new ManualClock()).after(ms, action),
      },
    });
    const simulation = new Simulation(api, ca, await TcpSwitch.open(ca.port));
    clock = simulation.clock;
    await simulation.#run();
    return simulation;
  }

  async close(): Promise<void> {
    await this.#engine?.stop(0);
    this.#stop.abort(new Error('the simulation is over'));
    await this.#watching;
    await this.#transport?.close();
    await Promise.all([this.port.shut(), this.ca.close(), this.api.close()]);
    rmSync(this.#folder, { recursive: true });
  }

  /** Lets time pass, and everything happen that does as it passes. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.monotonic() + milliseconds;
    for (;;) {
      await this.#quiet();
      const left = end - this.clock.monotonic();
      const next = this.clock.nextWake;
      await this.clock.advance(Math.min(left, next ?? left));
      if (this.clock.monotonic() >= end) break;
    }
    await this.#quiet();
  }

  async #run(): Promise<void> {
    const kubeconfig = join(this.#folder, 'kubeconfig');
    writeFileSync(kubeconfig, this.api.kubeconfig(TOKEN), { mode: 0o600 });
    const access = await loadKubeAccess({ kubeconfig });
    const { clock } = this;
    // Half of the longest wait: no two runs differ.
    const seams = { clock, uniform: () => 0.5, logger: silentLogger };
    this.#transport = new KubeTransport({ ...seams, access, userAgent: 'cmpv2-issuer/simulated' });
    const common = { ...seams, client: this.#counted(new ApiClient(this.#transport)) };
    const recorder = new KubeEventRecorder({ ...common, reporter: { controller: 'cmpv2-issuer', instance: 'sim' } });
    const sources = new Sources({ namespaces: [], kubernetesCsrs: false }, common);
    this.#sources = sources;
    const options = { namespaces: [], clusterResourceNamespace: 'system', workers: 8, trustRefreshDelayMs: 0 };
    const metrics = createMetrics(this.registry);
    const createEnroller = (config: BackendConfig) => this.#enroller(config);
    this.#engine = createEngine(options, sources, { ...common, recorder, metrics, createEnroller });
    this.#watching = sources.run(this.#stop.signal);
    await sources.waitForSync(this.#stop.signal);
    this.#engine.start();
  }

  /** Tells of calls under way; watches are always. */
  #counted(client: KubeClient): KubeClient {
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        return name === 'watch' ? call : (...args: unknown[]) => this.#while(call(...args) as Promise<unknown>);
      },
    });
  }

  #enroller(config: BackendConfig): Enroller {
    if (config.backend !== 'cmp') throw new TypeError('the simulation has direct issuers only');
    const real = createDirectEnroller(config.config, { clock: this.clock, random: systemRandom });
    const exchange = async <T>(verb: string, work: () => Promise<T>): Promise<T> => {
      this.calls.push({ verb, atMs: this.clock.monotonic(), atOnce: ++this.#exchanges });
      try {
        return await this.#while(work());
      } finally {
        this.#exchanges--;
      }
    };
    return {
      enroll: (request, signal) => exchange('enroll', () => real.enroll(request, signal)),
      resume: (request, state, signal) => exchange('resume', () => real.resume(request, state, signal)),
      abandon: (state, signal) => exchange('abandon', async () => real.abandon?.(state, signal)),
      probe: (signal) => {
        this.calls.push({ verb: 'probe', atMs: this.clock.monotonic(), atOnce: this.#exchanges });
        return this.#while(real.probe(signal));
      },
      close: () => real.close(),
    };
  }

  async #while<T>(work: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work;
    } finally {
      this.#underWay--;
    }
  }

  async #quiet(): Promise<void> {
    const since = performance.now();
    for (let rounds = 0; ; ) {
      await settled();
      const waitedMs = performance.now() - since;
      if (this.#underWay > this.port.unanswered && waitedMs < MOST_REAL_MS) rounds = 0;
      else if (++rounds < QUIET_ROUNDS) continue;
      else if (this.#caughtUp() || waitedMs > CATCH_UP_REAL_MS) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Whether the controller has seen all that is in the API server. */
  #caughtUp(): boolean {
    const seen = (kind: string, find: (ref: ObjectRef) => KubeObject | undefined) =>
      this.api.objects
        .list(kind)
        .every(({ metadata }) => find(metadata)?.metadata.resourceVersion === metadata.resourceVersion);
    return (
      seen('certificaterequests.cert-manager.io', (ref) => this.#sources?.requests.get(ref)) &&
      seen('cmpv2issuers.certmanager.onap.org', ({ namespace = '', name }) =>
        this.#sources?.findIssuer({ kind: 'CMPv2Issuer', namespace, name }),
      )
    );
  }
}
