import {
  type CertificateName,
  type CertReqTemplateContent,
  type CRLStatus,
  type RevocationList,
  type RevocationReason,
  type RevocationResult,
  type RootCaUpdate,
  requestCaCertificates,
  requestCertReqTemplate,
  requestCrls,
  requestRootCaUpdate,
  revokeCertificate,
} from '../cmp/index.js';
import type { Certificate } from '../pki/index.js';
import type { DirectBackendConfig } from './direct-config.js';
import { type DirectSeams, directSession, translate } from './direct-session.js';

/**
 * What can be said to a CA besides asking for certificates. Each waits where the CA wants time, up to the polling limit,
 * and throws EnrollmentError. What the CA tells is information: it changes nobody's trust.
 */
export interface DirectClient {
  /** The configured trust anchors. */
  readonly anchors: readonly Certificate[];
  /** Asking again does no harm: what is revoked already counts as done. */
  revoke(certificate: CertificateName, reason: RevocationReason, signal: AbortSignal): Promise<RevocationResult>;
  caCertificates(signal: AbortSignal): Promise<readonly Certificate[]>;
  /** The verified successor of one of the anchors; undefined if it has none. */
  rootCaUpdate(oldRoot: Certificate, signal: AbortSignal): Promise<RootCaUpdate | undefined>;
  /** Undefined if the CA does not say. */
  certReqTemplate(signal: AbortSignal): Promise<CertReqTemplateContent | undefined>;
  crls(wanted: readonly CRLStatus[], signal: AbortSignal): Promise<readonly RevocationList[]>;
  /** Releases connections. */
  close(): Promise<void>;
}

/** Throws EnrollmentError `ConfigurationInvalid`, naming the field. */
export function createDirectClient(config: DirectBackendConfig, seams: DirectSeams): DirectClient {
  const session = directSession(config, seams);
  return {
    anchors: session.anchors,
    revoke: (certificate, reason, signal) =>
      translate(signal, () => revokeCertificate({ certificate, reason }, session, signal)),
    caCertificates: (signal) => translate(signal, () => requestCaCertificates(session, signal)),
    rootCaUpdate: (oldRoot, signal) => translate(signal, () => requestRootCaUpdate(oldRoot, session, signal)),
    certReqTemplate: (signal) => translate(signal, () => requestCertReqTemplate(session, signal)),
    crls: (wanted, signal) => translate(signal, () => requestCrls(wanted, session, signal)),
    close: () => session.transport.close(),
  };
}
