import { type Certificate, dedupe } from '../../pki/index.js';
import {
  caOnlyIfAsked,
  certificateIsNew,
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
  /** Whom the path was allowed to end at: the operator's anchors, and those of this answer where it may bring some. */
  readonly anchors: readonly Certificate[];
  readonly caPubs: readonly Certificate[];
  readonly extraCerts: readonly Certificate[];
  readonly notes: readonly string[];
}

/** Holds the issued certificate against the request, the operator's trust and policy. Throws CmpError. */
export function validateCertificate(kept: KeptAnswer, wish: Wish, session: CmpSession): ValidCertificate {
  const { certificates, clock, limits, policy, trustCaPubs = false } = session;
  const now = clock.now();
  const certificate = certificateReadable(kept.certificate);
  publicKeyMatches(certificate, wish.csr);
  certificateValidNow(certificate, now, limits);
  caOnlyIfAsked(certificate, wish);
  certificateIsNew(certificate, wish);
  const caPubs = certificates.usable(kept.caPubs);
  const extraCerts = certificates.usable(kept.extraCerts);
  const vouched = trustCaPubs && kept.underMac ? caPubs.filter(({ isCA, isSelfSigned }) => isCA && isSelfSigned) : [];
  const anchors = dedupe([...session.anchors, ...vouched]);
  const path = chainsToTrust(certificate, [...caPubs, ...extraCerts], anchors, now, limits);
  return { certificate, path, anchors, caPubs, extraCerts, notes: requestCovered(certificate, wish, policy) };
}
