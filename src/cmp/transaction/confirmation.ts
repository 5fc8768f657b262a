import { decodeDer } from '../../asn1/index.js';
import {
  Certificate,
  certHash,
  certHashAlgorithm,
  type HashName,
  hashAlgorithmIdentifier,
  PkiError,
} from '../../pki/index.js';
import { certificateLabel } from '../certificate-label.js';
import { CmpError } from '../error.js';
import { PROFILES } from '../profile.js';
import { bodyTypeExpected, errorReported } from '../rules/index.js';
import { AlgorithmIdentifier, type CertConfirmContent } from '../schema/index.js';
import { printable } from '../text.js';
import type { Answer } from './answer.js';
import type { Dialogue } from './dialogue.js';
import type { CmpSession } from './session.js';
import type { KeptAnswer } from './state.js';

interface Content {
  readonly content: CertConfirmContent;
  /** hashAlg is used, which needs version 3. */
  readonly pvno3: boolean;
}

/** certConf for one certificate (RFC 9810 section 5.3.18); `refusal` says why it is not wanted. */
function certConfirmContent(
  certificate: Certificate,
  certReqId: number,
  { profile = PROFILES.default }: Pick<CmpSession, 'profile'>,
  refusal?: string,
): Content {
  const { hash, explicit } = certHashAlgorithm(certificate.signatureAlgorithm);
  const pvno3 = explicit && profile.hashAlg === 'whenNeeded';
  const hashAlg = pvno3 ? decodeDer(AlgorithmIdentifier, hashAlgorithmIdentifier(hash as HashName)) : undefined;
  const statusInfo =
    refusal === undefined
      ? undefined
      : ({ status: 'rejection', statusString: [printable(refusal, 200)], failInfo: ['incorrectData'] } as const);
  return { content: [{ certHash: certHash(certificate), certReqId, statusInfo, hashAlg }], pvno3 };
}

function refusalContent(kept: KeptAnswer, reason: string, session: CmpSession): Content {
  try {
    return certConfirmContent(Certificate.parse(kept.certificate), kept.certReqId, session, reason);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    // An empty list refuses everything: a certificate that cannot be read cannot be named by its hash either.
    return { content: [], pvno3: false };
  }
}

/** What is answered: the first certConf, one that was sent again because no answer came, or a pollReq about one. */
export type ConfirmationQuestion = 'certConf' | 'certConfAgain' | 'pollReq';

/** What came of a certConf. */
export type ConfirmationResult = 'confirmed' | 'delayed';

/**
 * Reads the answer to certConf, or to a pollReq about one. An error means that the CA does not regard the certificate
 * as accepted and may revoke it, so it must not be used. But where an earlier certConf may have arrived, two errors tell
 * that it did: certConfirmed, and a complaint that the one sent again does not repeat the nonce of the CA's last answer,
 * which can only have been the answer to the first.
 */
export function confirmationResult(
  { body }: Answer,
  certificate: Certificate,
  asked: ConfirmationQuestion,
): ConfirmationResult {
  const answer = bodyTypeExpected(body, ['pkiconf', 'error']);
  if (answer.type === 'pkiconf') return 'confirmed';
  const { status, failInfo = [] } = answer.value.pKIStatusInfo;
  if (status === 'waiting') return 'delayed';
  if (asked !== 'certConf' && failInfo.includes('certConfirmed')) return 'confirmed';
  if (asked === 'certConfAgain' && failInfo.includes('badRecipientNonce')) return 'confirmed';
  const { message, retry, failInfo: reasons, statusText } = errorReported(answer.value, true);
  const label = certificateLabel(certificate);
  throw new CmpError({
    code: 'Rejected',
    retry: retry === 'request' ? 'transaction' : retry,
    message: printable(
      `the CA did not accept our confirmation, so its certificate (${label}) is not used: ${message}`,
      1_000,
    ),
    failInfo: reasons,
    ...(statusText === undefined ? {} : { statusText }),
  });
}

/** Sends certConf for a certificate that is wanted, and returns the answer unread. Throws CmpError. */
export function sendConfirmation(
  dialogue: Dialogue,
  certificate: Certificate,
  certReqId: number,
  session: CmpSession,
  signal: AbortSignal,
): Promise<Answer> {
  const { content, pvno3 } = certConfirmContent(certificate, certReqId, session);
  return dialogue.ask({ type: 'certConf', value: content }, signal, { pvno3 });
}

/** Tells the CA that its certificate is not wanted, so that it can revoke it. The reason for that matters more than whether this works. */
export async function refuse(
  dialogue: Dialogue,
  kept: KeptAnswer,
  reason: CmpError,
  session: CmpSession,
  signal: AbortSignal,
): Promise<void> {
  const { content, pvno3 } = refusalContent(kept, reason.message, session);
  try {
    const answer = await dialogue.ask({ type: 'certConf', value: content }, signal, { pvno3 });
    bodyTypeExpected(answer.body, ['pkiconf']);
  } catch (error) {
    if (!(error instanceof CmpError)) throw error;
    const [certificate] = session.certificates.usable([kept.certificate]);
    session.logger.warn(
      { reason: error.message, certificate: certificate && certificateLabel(certificate) },
      'the CA did not take note that its certificate is refused',
    );
  }
}
