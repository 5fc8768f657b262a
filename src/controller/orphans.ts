import type { KubeObject } from '../api/meta.js';
import type { CertificateNames, LeftoverCertificate } from '../enrollment/leftover.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import type { ControllerMetrics, OrphanFate } from '../ops/metrics.js';
import type { Logger } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import { type IssuerName, issuerLabels } from './issuer-key.js';

/** A certificate at the CA that nobody will use, or a transaction that may have led to one. */
export interface Orphan {
  readonly fate: OrphanFate;
  readonly transactionID?: string;
  /** Absent where the CA alone knows whether there is one. */
  readonly certificate?: CertificateNames & { readonly pem?: string };
}

export const leftoverOrphan = ({ state, transactionID, certificate }: LeftoverCertificate): Orphan => ({
  fate: state,
  transactionID,
  ...(certificate && { certificate }),
});

interface OrphansDeps {
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
}

/** Sees to it that no certificate is left behind without a word: in the log, in an event of its request, in a metric. */
export class Orphans {
  readonly #deps: OrphansDeps;

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
  }

  name(orphan: Orphan, request: KubeObject, issuer: IssuerName, logger: Logger): void {
    const { fate, transactionID, certificate } = orphan;
    const note = text(orphan);
    this.#deps.metrics.certificateOrphaned(issuerLabels(issuer), fate);
    logger.warn(
      {
        fate,
        ...(transactionID !== undefined && { transactionID }),
        ...(certificate && {
          serial: certificate.serial,
          issuedBy: certificate.issuer,
          subject: certificate.subject,
          notAfter: certificate.notAfter.toISOString(),
        }),
      },
      'a certificate is left behind at the CA',
    );
    this.#deps.recorder.record({
      regarding: request,
      type: fate === 'rejected' ? 'Normal' : 'Warning',
      reason: 'CertificateOrphaned',
      action: 'Issue',
      note,
    });
  }
}

function text({ certificate, fate, transactionID }: Orphan): string {
  const transaction = transactionID === undefined ? '' : `transactionID ${transactionID}`;
  const where = certificate
    ? `serial ${certificate.serial} of "${certificate.issuer}"${transaction && `, ${transaction}`}`
    : transaction;
  switch (fate) {
    case 'rejected':
      return `The certificate (${where}) was refused, of which the CA took note: it should be revoked there`;
    case 'undelivered':
      return `The request went away before its certificate (${where}) could be delivered: consider having it revoked`;
    case 'unknown':
      return certificate
        ? `The certificate (${where}) is not used, but may be valid at the CA: have it revoked there`
        : `The CA may have issued a certificate whose answer was lost (${where}): look there, and have it revoked`;
    default:
      return unreachable(fate);
  }
}
