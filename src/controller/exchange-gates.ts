import { wholeSeconds } from '../api/conditions.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { type BreakerState, type Outage, PROBE_BACKOFF } from './circuit-breaker.js';
import { ExchangeGate, type GateLimits } from './exchange-gate.js';
import { issuerLabels, parseIssuerKey } from './issuer-key.js';

export interface ExchangeGatesDeps {
  /** Exchanges at a time of an issuer that does not say how many it allows. */
  readonly concurrency: number;
  /** The circuit breaker of this issuer opened, is half open, or closed. */
  readonly turned: (issuer: string, state: BreakerState['kind']) => void;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

/** The gate of every issuer, by its key: none knows of another. */
export class ExchangeGates {
  readonly #deps: ExchangeGatesDeps;
  readonly #gates = new Map<string, ExchangeGate>();

  constructor(deps: ExchangeGatesDeps) {
    this.#deps = deps;
  }

  of(issuer: string): ExchangeGate {
    let gate = this.#gates.get(issuer);
    if (gate === undefined) {
      gate = this.#open(issuer);
      this.#gates.set(issuer, gate);
    }
    return gate;
  }

  /** How many requests wait at each gate where any do. */
  waiting(): readonly (readonly [issuer: string, requests: number])[] {
    return [...this.#gates].map(([issuer, { waiting }]) => [issuer, waiting] as const).filter(([, count]) => count > 0);
  }

  /** The request wants nothing of the CA any more. */
  leave(issuer: string, request: string): void {
    this.#gates.get(issuer)?.leave(request);
  }

  /** Whether the turn of this request has come. */
  hasCalled(issuer: string, request: string): boolean {
    return this.#gates.get(issuer)?.hasCalled(request) ?? false;
  }

  /** What the issuer allows by itself. */
  configure(issuer: string, limits: Partial<GateLimits>): void {
    this.of(issuer).configure({ concurrency: this.#deps.concurrency, ...limits });
  }

  /** How many exchanges at a time the issuer allows. */
  concurrency(issuer: string): number {
    return this.#gates.get(issuer)?.limits.concurrency ?? this.#deps.concurrency;
  }

  /** The issuer is gone: whoever waits looks again. */
  drop(issuer: string): void {
    this.#gates.get(issuer)?.dismiss();
    this.#gates.delete(issuer);
  }

  /** Nobody is called any more. */
  stop(): void {
    for (const gate of this.#gates.values()) gate.stop();
  }

  #open(issuer: string): ExchangeGate {
    const { concurrency, metrics, clock, uniform, turned } = this.#deps;
    const labels = issuerLabels(parseIssuerKey(issuer));
    metrics.circuitBreaker(labels, 'closed');
    return new ExchangeGate(
      { concurrency },
      {
        clock,
        uniform,
        observer: {
          waited: (ms) => metrics.gateWaited(labels, ms),
          underWay: (count) => metrics.exchangesUnderWay(labels, count),
        },
        turned: (state, before) => {
          metrics.circuitBreaker(labels, state.kind);
          if (before.kind === 'closed') metrics.outageBegan(labels);
          this.#log(issuer, state, before);
          turned(issuer, state.kind);
        },
      },
    );
  }

  #log(issuer: string, state: BreakerState, before: BreakerState): void {
    const { logger, clock } = this.#deps;
    const outage = state.kind === 'closed' ? undefined : state.outage;
    const { since, reason } = outage ?? (before.kind === 'closed' ? undefined : before.outage) ?? {};
    const facts = { issuer, since: since?.date.toISOString() };
    switch (state.kind) {
      case 'open':
        logger.warn({ ...facts, problem: reason }, 'the CA cannot be used: no exchange begins until it is back');
        return;
      case 'halfOpen':
        logger.info(facts, 'the CA may be back: a few exchanges find out');
        return;
      case 'closed':
        logger.info(
          { ...facts, lastedMs: since && Math.round(clock.monotonic() - since.ms) },
          'the CA can be used again',
        );
    }
  }
}

const MOST_SECONDS = PROBE_BACKOFF.maxMs / 1_000;
/** Of the reason: what follows it, and the issuer's name before it, must fit into a message as well. */
const MAX_REASON = 500;

/** What people are told about an outage. The same from its beginning to its end: nobody's status changes with each probe. */
export const outageMessage = ({ since, reason }: Outage): string =>
  `${reason.slice(0, MAX_REASON).replace(/\.$/, '')}. This has been so since ${wholeSeconds(since.date)}. The CA is asked ` +
  `again at least every ${MOST_SECONDS} s, unless it wants to be left alone for longer, and requests go on as soon as it answers`;
