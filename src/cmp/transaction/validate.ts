import type { Certificate } from '../../pki/index.js';
import {
  caOnlyIfAsked,
  certificateReadable,
  certificateValidNow,
  chainsToTrust,
  publicKeyMatches,
  requestCovered,
} from '../rules/index.js';
import type { Wish } from '../wish.js';
import type { CmpSession } from './session.js';
import type { KeptAnswer } from './state.js';

/** A certificate that passed all rules, with what came along. */
export interface ValidCertificate {
  readonly certificate: Certificate;
  readonly path: readonly Certificate[];
  readonly caPubs: readonly Certificate[];
  readonly extraCerts: readonly Certificate[];
  readonly notes: readonly string[];
}

/** Holds the issued certificate against the request, the operator's trust and policy. Throws CmpError. */
export function validateCertificate(kept: KeptAnswer, wish: Wish, session: CmpSession): ValidCertificate {
  const { anchors, certificates, clock, policy } = session;
  const now = clock.now();
  const certificate = certificateReadable(kept.certificate);
  publicKeyMatches(certificate, wish.csr);
  certificateValidNow(certificate, now);
  caOnlyIfAsked(certificate, wish);
  const caPubs = certificates.usable(kept.caPubs);
  const extraCerts = certificates.usable(kept.extraCerts);
  const path = chainsToTrust(certificate, [...caPubs, ...extraCerts], anchors, now);
  return { certificate, path, caPubs, extraCerts, notes: requestCovered(certificate, wish, policy) };
}
