import type { CertificateNames, LeftoverCertificate } from '../enrollment/leftover.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import type { ControllerMetrics, OrphanFate } from '../ops/metrics.js';
import { encodePem } from '../pki/index.js';
import type { Logger } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import { type IssuerName, issuerLabels } from './issuer-key.js';
import type { IssuedOutcome, SuspendedExchange } from './request-record.js';
import type { OrphanKeeper } from './revocation/orphan-keeper.js';
import type { SigningRequest } from './signing-request.js';

/** A certificate at the CA that nobody will use, or a transaction that may have led to one. */
export interface Orphan {
  readonly fate: OrphanFate;
  readonly transactionID?: string;
  /**
   * Absent where the CA alone knows whether there is one. Without `pem` it is only named: somebody may have got it all the
   * same, or nobody whom we may believe says that it is ours.
   */
  readonly certificate?: CertificateNames & { readonly pem?: string };
  /** The incarnation of the issuer that got it; the one of now if absent. */
  readonly issuerUid?: string;
}

const namesOnly = ({ serial, issuer, subject, notAfter }: CertificateNames): CertificateNames => ({
  ...{ serial, issuer, subject, notAfter },
});

export const leftoverOrphan = (
  { state, transactionID, certificate }: LeftoverCertificate,
  hearsay: true | undefined,
): Orphan => ({
  fate: state,
  transactionID,
  ...(certificate && { certificate: hearsay ? namesOnly(certificate) : certificate }),
});

/** Undefined while the CA has not decided. */
export const suspendedOrphan = ({ certificate, hearsay, issuerUid }: SuspendedExchange): Orphan | undefined =>
  certificate && { fate: 'unknown', issuerUid, certificate: hearsay ? namesOnly(certificate) : certificate };

/** `certain`: nobody can have got it. */
export const undeliveredOrphan = ({ details, chain: [leaf] }: IssuedOutcome, certain: boolean): Orphan => ({
  fate: 'undelivered',
  certificate: {
    ...namesOnly(details),
    ...(certain && leaf !== undefined && { pem: encodePem('CERTIFICATE', leaf) }),
  },
});

interface OrphansDeps {
  readonly keeper: Pick<OrphanKeeper, 'keep'>;
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
}

/**
 * Sees to it that no certificate is left behind without a word: in the log, in an event of its request, in a metric. Where
 * the issuer wants that, it is revoked besides.
 */
export class Orphans {
  readonly #deps: OrphansDeps;

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
  }

  name(orphan: Orphan, request: SigningRequest, issuer: IssuerName, logger: Logger): void {
    const { fate, transactionID, certificate } = orphan;
    const revoked = this.#deps.keeper.keep(orphan, request, issuer, logger);
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
          toBeRevoked: revoked,
        }),
      },
      'a certificate is left behind at the CA',
    );
    this.#deps.recorder.record({
      regarding: request,
      type: fate === 'rejected' ? 'Normal' : 'Warning',
      reason: 'CertificateOrphaned',
      action: 'Issue',
      note: text(orphan, revoked),
    });
  }
}

function text({ certificate, fate, transactionID }: Orphan, revoked: boolean): string {
  const transaction = transactionID === undefined ? '' : `transactionID ${transactionID}`;
  const where = certificate
    ? `serial ${certificate.serial} of "${certificate.issuer}"${transaction && `, ${transaction}`}`
    : transaction;
  switch (fate) {
    case 'rejected':
      return `The certificate (${where}) was refused, of which the CA took note: it should be revoked there`;
    case 'undelivered':
      return `The request went away before its certificate (${where}) could be delivered: ${revoked ? 'it is going to be revoked' : 'consider having it revoked'}`;
    case 'unknown':
      return certificate
        ? `The certificate (${where}) is not used, but may be valid at the CA: ${revoked ? 'it is going to be revoked' : 'have it revoked there'}`
        : `The CA may have issued a certificate whose answer was lost (${where}): look there, and have it revoked`;
    default:
      return unreachable(fate);
  }
}
