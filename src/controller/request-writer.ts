import { type Condition, findCondition, saysTheSame } from '../api/conditions.js';
import type { KubeClient } from '../kube/client.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import type { Clock } from '../runtime/clock.js';
import type { RequestNews } from './request-news.js';
import type { SigningRequest } from './signing-request.js';
import { writeStatus } from './status-write.js';

export interface RequestWriterDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly metrics: ControllerMetrics;
}

/** What a request was told last: in its status, or, where that has no place for it, in other ways only. */
type Told =
  | { readonly in: 'status'; readonly conditions: readonly Condition[] }
  | { readonly in: 'events'; readonly message: string };

/**
 * Writes the status of requests, and only when it would tell something new. Our copy of an object lags behind our own
 * writes, so what was told last is remembered by uid until the request is forgotten.
 */
export class RequestWriter {
  readonly #deps: RequestWriterDeps;
  readonly #told = new Map<string, Told>();

  constructor(deps: RequestWriterDeps) {
    this.#deps = deps;
  }

  /**
   * `unsaid`: these are news, but the resource has no place for them in its status. Throws when the write must be tried
   * again.
   */
  async write(
    request: SigningRequest,
    news: RequestNews,
    signal: AbortSignal,
  ): Promise<'written' | 'unsaid' | 'unchanged' | 'gone'> {
    const { metadata, resource } = request;
    const told = this.#told.get(metadata.uid);
    const existing = told?.in === 'status' ? told.conditions : request.conditions;
    const status = resource.status(news, existing, this.#deps.clock.now());
    if (status === undefined) {
      const message = 'message' in news ? news.message : '';
      if (told?.in === 'events' && told.message === message) return 'unchanged';
      this.#told.set(metadata.uid, { in: 'events', message });
      return 'unsaid';
    }
    const { conditions = [] } = status;
    // Final news carry more than conditions, and come once.
    if (news.kind === 'pending' && conditions.every((c) => saysTheSame(findCondition(existing, c.type), c)))
      return 'unchanged';
    const result = await writeStatus(this.#deps, resource.type, request, status, signal);
    if (result === 'written') this.#told.set(metadata.uid, { in: 'status', conditions });
    return result;
  }

  forget(uid: string): void {
    this.#told.delete(uid);
  }
}
