import type { Lease } from '../../../src/api/lease.js';
import type { KubeObject, ResourceType } from '../../../src/api/meta.js';
import { ApiError, TransportError } from '../../../src/kube/api-error.js';
import type { CallOptions, KubeClient } from '../../../src/kube/client.js';
import type { Clock } from '../../../src/runtime/clock.js';

/** What happens to one call on its way. Times in milliseconds. */
export interface Fate {
  readonly before?: number;
  readonly after?: number;
  /** `refused`: nothing is done. `lost`: done, but nobody hears of it. `hangs`: no answer, and nothing done. */
  readonly outcome?: 'answered' | 'refused' | 'lost' | 'hangs';
}

/** One lease at one API server, with optimistic concurrency, behind a network that does what it likes. */
export class LeaseServer {
  readonly #clock: Clock;
  lease: Lease | undefined;
  /** Verbs of the calls that arrived, with their caller. */
  readonly calls: string[] = [];
  fate: (caller: string, verb: string) => Fate = () => ({});
  #revision = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The client of one candidate. */
  client(caller: string): KubeClient {
    const call = (verb: string, work: () => Lease, options: CallOptions = {}) =>
      this.#call(caller, verb, work, options.signal);
    const no = () => Promise.reject(new Error('leader election does not need this'));
    const client = {
      get: (_: ResourceType, __: unknown, options?: CallOptions) => call('get', () => this.#found(), options),
      create: (_: ResourceType, object: KubeObject, options?: CallOptions) =>
        call('create', () => this.#create(object), options),
      update: (_: ResourceType, object: KubeObject, options?: CallOptions) =>
        call('update', () => this.#update(object), options),
      list: no,
      patch: no,
      applyStatus: no,
      delete: no,
      watch: () => {
        throw new Error('leader election does not need this');
      },
    };
    return client as unknown as KubeClient;
  }

  /** As somebody with kubectl would. */
  edit(change: (lease: Lease) => Lease): void {
    this.#store(change(this.#found()));
  }

  async #call(caller: string, verb: string, work: () => Lease, signal: AbortSignal | undefined): Promise<Lease> {
    const { before = 0, after = 0, outcome = 'answered' } = this.fate(caller, verb);
    const onItsWay = async (): Promise<Lease> => {
      if (before > 0) await this.#clock.sleep(before);
      if (outcome === 'hangs') return new Promise(() => {});
      this.calls.push(`${caller} ${verb}`);
      if (outcome === 'refused') throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'busy' });
      const answer = work();
      if (after > 0) await this.#clock.sleep(after);
      if (outcome === 'lost') throw new TransportError('reset', 'the connection broke');
      return answer;
    };
    // A caller who gives up does not stop what is on its way.
    return new Promise((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      onItsWay().then(resolve, reject);
    });
  }

  #found(): Lease {
    if (this.lease === undefined)
      throw new ApiError({ code: 404, reason: 'NotFound', message: 'no lease', details: { name: 'leader' } });
    return this.lease;
  }

  #create(object: KubeObject): Lease {
    if (this.lease !== undefined) throw new ApiError({ code: 409, reason: 'AlreadyExists', message: 'there is one' });
    return this.#store(object);
  }

  #update(object: KubeObject): Lease {
    const found = this.#found();
    if (object.metadata.resourceVersion !== found.metadata.resourceVersion)
      throw new ApiError({ code: 409, reason: 'Conflict', message: 'the object has been modified' });
    return this.#store(object);
  }

  /** A write that changes nothing is silent, as on a real server. */
  #store(object: KubeObject): Lease {
    if (JSON.stringify(object) === JSON.stringify(this.lease)) return object;
    this.lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } };
    return this.lease;
  }
}

/** A clock of another machine: its own date, its own origin, the same passing of time. */
export const skewed = (clock: Clock, milliseconds: number): Clock => ({
  now: () => new Date(clock.now().getTime() + milliseconds),
  monotonic: () => clock.monotonic() + Math.abs(milliseconds) * 3,
  sleep: (wait, signal) => clock.sleep(wait, signal),
  after: (wait, action) => clock.after(wait, action),
});

export const LEASE_REF = { namespace: 'system', name: 'leader' } as const;
