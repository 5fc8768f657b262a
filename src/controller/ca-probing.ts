import type { ControllerMetrics } from '../ops/metrics.js';
import { fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { PROBE_BACKOFF } from './circuit-breaker.js';
import { type ExchangeGates, outageMessage } from './exchange-gates.js';
import { issuerLabels, parseIssuerKey } from './issuer-key.js';
import type { Verification } from './issuer-verifier.js';

export interface CaProbingDeps {
  readonly gates: Pick<ExchangeGates, 'of'>;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly uniform: Uniform;
}

/** A CA is asked this often whether it is there, even if all is well and nobody wants anything of it. */
const RESYNC_MS = 600_000;
/** When nobody had anything to ask for so long after a successful probe, the CA counts as back. */
const SETTLE_MS = 10_000;

/** When to probe the CA of each ready issuer, and what that tells its circuit breaker. */
export class CaProbing {
  readonly #deps: CaProbingDeps;
  /** On the monotonic clock. */
  readonly #nextAt = new Map<string, number>();

  constructor(deps: CaProbingDeps) {
    this.#deps = deps;
  }

  isDue(issuer: string): boolean {
    return this.#breaker(issuer).kind !== 'halfOpen' && this.dueInMs(issuer) === 0;
  }

  /** Milliseconds until there is something to do for this issuer. */
  dueInMs(issuer: string): number {
    const breaker = this.#breaker(issuer);
    if (breaker.kind === 'halfOpen') return SETTLE_MS;
    const at = breaker.kind === 'open' ? breaker.probeAt : (this.#nextAt.get(issuer) ?? 0);
    return Math.max(0, at - this.#deps.clock.monotonic());
  }

  /** Takes note of what a verification found; `isNew`: it was the first one of this way to the CA. */
  learn(issuer: string, probe: Verification['probe'], isNew: boolean): void {
    const { gates, clock, metrics, uniform } = this.#deps;
    const gate = gates.of(issuer);
    const now = clock.monotonic();
    if (probe === 'notDue') {
      const { breaker } = gate;
      if (breaker.kind === 'halfOpen' && now - breaker.sinceMs >= SETTLE_MS && gate.idle)
        gate.report({ kind: 'unused' });
      return;
    }
    const labels = issuerLabels(parseIssuerKey(issuer));
    this.#nextAt.set(issuer, now + RESYNC_MS);
    if (probe === 'succeeded') {
      metrics.probed(labels, 'succeeded');
      gate.report({ kind: 'probeSucceeded' });
      return;
    }
    metrics.probed(labels, 'failed');
    const { message, retryAfterMs } = probe;
    gate.report({ kind: isNew ? 'neverReached' : 'probeFailed', reason: message, retryAfterMs });
    const { breaker } = gate;
    // Not an outage yet, but it may be the beginning of one.
    if (breaker.kind === 'closed')
      this.#nextAt.set(issuer, now + fullJitter(PROBE_BACKOFF, (breaker.row?.count ?? 1) - 1, uniform));
  }

  /** What people are told while no exchange may begin. */
  outage(issuer: string): string | undefined {
    const breaker = this.#breaker(issuer);
    return breaker.kind === 'open' ? outageMessage(breaker.outage) : undefined;
  }

  /** The same until the CA is used at full speed again: what changes with each probe is not told. */
  trouble(issuer: string): string | undefined {
    const breaker = this.#breaker(issuer);
    return breaker.kind === 'closed' ? undefined : outageMessage(breaker.outage);
  }

  forget(issuer: string): void {
    this.#nextAt.delete(issuer);
  }

  #breaker(issuer: string) {
    return this.#deps.gates.of(issuer).breaker;
  }
}
