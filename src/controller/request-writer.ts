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

/**
 * Writes the status of requests, and only when it would tell something new. Our copy of an object lags behind our own
 * writes, so the conditions last written are remembered by uid until the request is forgotten.
 */
export class RequestWriter {
  readonly #deps: RequestWriterDeps;
  readonly #written = new Map<string, readonly Condition[]>();

  constructor(deps: RequestWriterDeps) {
    this.#deps = deps;
  }

  /** Throws when the write must be tried again. */
  async write(
    request: SigningRequest,
    news: RequestNews,
    signal: AbortSignal,
  ): Promise<'written' | 'unchanged' | 'gone'> {
    const { metadata, resource } = request;
    const existing = this.#written.get(metadata.uid) ?? request.conditions;
    const status = resource.status(news, existing, this.#deps.clock.now());
    const { conditions } = status;
    // Final news carry more than conditions, and come once.
    if (news.kind === 'pending' && conditions.every((c) => saysTheSame(findCondition(existing, c.type), c)))
      return 'unchanged';
    const result = await writeStatus(this.#deps, resource.type, request, status, signal);
    if (result === 'written') this.#written.set(metadata.uid, conditions);
    return result;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }
}
