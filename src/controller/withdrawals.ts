import { objectKey } from '../kube/store.js';
import type { Logger } from '../runtime/logger.js';
import type { ExchangeGates } from './exchange-gates.js';
import { type IssuerName, issuerKey } from './issuer-key.js';
import { leftoverOrphan, type Orphans, suspendedOrphan } from './orphans.js';
import type { IssuerDirectory } from './request-exchange.js';
import { LAST_RANK } from './request-rank.js';
import type { WaitingRecord } from './request-record.js';
import type { SigningRequest } from './signing-request.js';

/** A request that went away while its exchange stood still. */
interface Withdrawal {
  readonly request: SigningRequest;
  readonly name: IssuerName;
  readonly record: WaitingRecord;
  readonly logger: Logger;
}

interface WithdrawalsDeps {
  readonly gates: Pick<ExchangeGates, 'of'>;
  readonly issuers: IssuerDirectory;
  readonly orphans: Orphans;
}

/** At the gate, a withdrawal is somebody else than its request, which may have been made anew. No name holds a `#`. */
const MARK = '#withdrawn';

/** Calls off exchanges whose requests went away, so that the CA neither waits for us nor issues for nobody. */
export class Withdrawals {
  readonly #deps: WithdrawalsDeps;
  readonly #byKey = new Map<string, Withdrawal[]>();

  constructor(deps: WithdrawalsDeps) {
    this.#deps = deps;
  }

  /** Gives the key under which it is to be called off. */
  add(withdrawal: Withdrawal): string {
    const key = objectKey(withdrawal.request.metadata);
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), withdrawal]);
    return key;
  }

  /**
   * Tells the CA, as far as it can be told, and names what may be left there; where the gate says "not yet", when that
   * calls, by `again` with the key of the issuer. Throws the signal's reason alone.
   */
  async callOff(key: string, again: (issuer: string) => void, signal: AbortSignal): Promise<void> {
    const withdrawals = this.#byKey.get(key) ?? [];
    this.#byKey.delete(key);
    for (const withdrawal of withdrawals) await this.#callOff(withdrawal, key, again, signal);
  }

  async #callOff(
    withdrawal: Withdrawal,
    key: string,
    again: (issuer: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { issuers, orphans, gates } = this.#deps;
    const { request, name, record, logger } = withdrawal;
    const { state, issuerUid, hearsay } = record;
    const view = issuers.view(name);
    const lease = view.state === 'ready' && view.uid === issuerUid ? issuers.lease(name, view.revision) : undefined;
    const issuer = issuerKey(name);
    const turn = lease && gates.of(issuer).ask(key + MARK, LAST_RANK, () => again(issuer));
    if (lease !== undefined && turn === undefined) {
      this.add(withdrawal);
      return;
    }
    try {
      const told = await lease?.use(
        async (enroller) => enroller.abandon && { left: await enroller.abandon(state, signal) },
      );
      if (told !== undefined) {
        logger.info({}, 'the request went away: its exchange with the CA was called off');
        if (told.left !== undefined) orphans.name(leftoverOrphan(told.left, hearsay), request, name, logger);
        return;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      logger.warn({ error }, 'the request went away, but its exchange with the CA could not be called off');
    } finally {
      turn?.end('unknown');
    }
    const orphan = suspendedOrphan(record);
    if (orphan !== undefined) orphans.name(orphan, request, name, logger);
  }
}
