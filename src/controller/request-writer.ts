import { CERTIFICATE_REQUEST, type CertificateRequest } from '../api/certificate-request.js';
import { type Condition, findCondition, saysTheSame } from '../api/conditions.js';
import type { KubeClient } from '../kube/client.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import type { Clock } from '../runtime/clock.js';
import { type RequestNews, requestStatus } from './request-status.js';
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
    request: CertificateRequest,
    uid: string,
    news: RequestNews,
    signal: AbortSignal,
  ): Promise<'written' | 'unchanged' | 'gone'> {
    const existing = this.#written.get(uid) ?? request.status?.conditions;
    const status = requestStatus(news, existing, this.#deps.clock.now());
    const conditions = status.conditions ?? [];
    // Final news carry more than conditions, and come once.
    if (news.kind === 'pending' && conditions.every((c) => saysTheSame(findCondition(existing, c.type), c)))
      return 'unchanged';
    const result = await writeStatus(this.#deps, CERTIFICATE_REQUEST, request, status, signal);
    if (result === 'written') this.#written.set(uid, conditions);
    return result;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }
}
