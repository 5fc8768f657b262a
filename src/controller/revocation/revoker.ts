import type { RevocationOrder, RevocationOutcome } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { reachabilityAfter } from '../../enrollment/reachability.js';
import type { ControllerMetrics } from '../../ops/metrics.js';
import type { Clock } from '../../runtime/clock.js';
import { startDeadline } from '../../runtime/deadline.js';
import type { Logger } from '../../runtime/logger.js';
import type { ExchangeGates } from '../exchange-gates.js';
import { type IssuerName, issuerKey, issuerLabels } from '../issuer-key.js';
import type { IssuerDirectory } from '../request-exchange.js';
import { LAST_RANK } from '../request-rank.js';

/** A way to have certificates revoked by whoever issued them. */
export interface Revoker {
  /**
   * One try. Asking again does no harm: what is revoked already counts as done. `notReady`: nobody can be asked now.
   * `notYet`: `call` tells when it is the turn of this one. Throws EnrollmentError, or the signal's reason.
   */
  revoke(
    issuer: IssuerName,
    asker: Asker,
    order: RevocationOrder,
    signal: AbortSignal,
  ): Promise<RevocationOutcome | 'notReady' | 'notYet'>;
  /** It waits for its turn no more. */
  leave(issuer: IssuerName, key: string): void;
}

/** Who wants a revocation: the key of its record, and what to do when it is its turn. */
export interface Asker {
  readonly key: string;
  readonly call: () => void;
}

/** At the gate, where requests have keys of the same form. No name holds a `#`. */
const atGate = (key: string): string => `${key}#revocation`;

/** A CA may take this long for one try, polling included: others wait for the worker. */
const LIMIT_MS = 600_000;

export interface RevokerDeps {
  readonly issuers: IssuerDirectory;
  readonly gates: Pick<ExchangeGates, 'of' | 'leave'>;
  readonly metrics: Pick<ControllerMetrics, 'revocationTried'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Revokes through the same way to the CA that certificates come by. */
export class IssuerRevoker implements Revoker {
  readonly #deps: RevokerDeps;

  constructor(deps: RevokerDeps) {
    this.#deps = deps;
  }

  leave(issuer: IssuerName, key: string): void {
    this.#deps.gates.leave(issuerKey(issuer), atGate(key));
  }

  async revoke(
    issuer: IssuerName,
    { key, call }: Asker,
    order: RevocationOrder,
    signal: AbortSignal,
  ): Promise<RevocationOutcome | 'notReady' | 'notYet'> {
    const { issuers, gates, metrics, clock, logger } = this.#deps;
    const view = issuers.view(issuer);
    if (view.state !== 'ready') return 'notReady';
    const turn = gates.of(issuerKey(issuer)).ask(atGate(key), LAST_RANK, call);
    if (turn === undefined) return 'notYet';
    const labels = issuerLabels(issuer);
    const limit = startDeadline(clock, LIMIT_MS, late, signal);
    try {
      const outcome = await issuers.lease(issuer, view.revision)?.use(async (enroller) => {
        if (enroller.revoke !== undefined) return enroller.revoke(order, limit.signal);
        const message = 'this kind of issuer has no way to revoke certificates';
        throw new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'request', message });
      });
      if (outcome === undefined) return 'notReady';
      turn.end('answers');
      metrics.revocationTried(labels, outcome.already ? 'already' : 'revoked');
      return outcome;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = thrown instanceof EnrollmentError ? thrown : unforeseen(thrown);
      turn.end(reachabilityAfter(error), error);
      if (error !== thrown)
        logger.error({ issuer: issuerKey(issuer), error: thrown }, 'a revocation failed in a way it should not');
      metrics.revocationTried(labels, error.retry === 'request' ? 'refused' : 'failed');
      throw error;
    } finally {
      turn.cancel();
      limit.release();
    }
  }
}

const late = () =>
  new EnrollmentError({
    code: 'Timeout',
    retry: 'transient',
    message: `the CA did not decide about the revocation within ${LIMIT_MS / 60_000} minutes; it is asked again`,
  });

const unforeseen = (cause: unknown) =>
  new EnrollmentError({
    code: 'Internal',
    retry: 'transient',
    message: 'internal error during the revocation: the log of the controller has the details; it is tried again',
    cause,
  });
