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
import { AlgorithmIdentifier, type CertConfirmContent, type PKIFailureInfoName } from '../schema/index.js';
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

/**
 * What is answered: the first certConf; one after a restart, before which another may have been sent; one that is sent
 * again because no answer came; or a pollReq about one.
 */
export type ConfirmationQuestion = 'certConf' | 'certConfAfterRestart' | 'certConfAgain' | 'pollReq';

/** What came of a certConf; `assumed` says why the certificate counts as confirmed although the CA did not say so. */
export type ConfirmationResult =
  | { readonly kind: 'confirmed'; readonly assumed?: string }
  | { readonly kind: 'delayed' };

/** What a CA says when it does not hold the certificate for confirmed, whatever it was asked before. */
const NOT_CONFIRMED: readonly PKIFailureInfoName[] = ['badCertId', 'certRevoked', 'incorrectData'];

/**
 * Reads the answer to certConf, or to a pollReq about one. An error means that the CA does not regard the certificate
 * as accepted and may revoke it, so it must not be used (`transient`: not before it is confirmed in another try). But
 * where an earlier certConf may have arrived, two errors tell that it did: certConfirmed, and a complaint that the one
 * sent again does not repeat the nonce of the CA's last answer, which can only have been the answer to the first. And
 * where an earlier one was sent for sure, the CA may be through with the transaction: only an error about the
 * certificate itself says that it is not confirmed.
 */
export function confirmationResult(
  { body }: Answer,
  certificate: Certificate,
  asked: ConfirmationQuestion,
): ConfirmationResult {
  const answer = bodyTypeExpected(body, ['pkiconf', 'error']);
  if (answer.type === 'pkiconf') return { kind: 'confirmed' };
  const { status, failInfo = [] } = answer.value.pKIStatusInfo;
  if (status === 'waiting') return { kind: 'delayed' };
  const again = asked === 'certConfAgain' || asked === 'certConfAfterRestart';
  if (asked !== 'certConf' && failInfo.includes('certConfirmed')) return { kind: 'confirmed' };
  if (again && failInfo.includes('badRecipientNonce')) return { kind: 'confirmed' };
  const { message, retry, failInfo: reasons, statusText } = errorReported(answer.value, true);
  const label = certificateLabel(certificate);
  if (asked === 'certConfAgain' && retry !== 'transient' && !failInfo.some((name) => NOT_CONFIRMED.includes(name))) {
    return {
      kind: 'confirmed',
      assumed: printable(
        `the CA's answer to our confirmation got lost, and to its repetition it said: ${message}; ` +
          'the certificate is taken for confirmed, look there if it is not accepted',
        600,
      ),
    };
  }
  throw new CmpError({
    code: 'Rejected',
    retry: retry === 'request' ? 'transaction' : retry,
    message: printable(
      retry === 'transient'
        ? `the CA could not take our confirmation of its certificate (${label}) yet: ${message}`
        : `the CA did not accept our confirmation, so its certificate (${label}) is not used: ${message}`,
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

/** Tells the CA that its certificate is not wanted, so that it can revoke it. Whether the CA took note. */
export async function refuse(
  dialogue: Dialogue,
  kept: KeptAnswer,
  reason: string,
  session: CmpSession,
  signal: AbortSignal,
): Promise<boolean> {
  const { content, pvno3 } = refusalContent(kept, reason, session);
  try {
    const answer = await dialogue.ask({ type: 'certConf', value: content }, signal, { pvno3 });
    bodyTypeExpected(answer.body, ['pkiconf']);
    return true;
  } catch (error) {
    if (!(error instanceof CmpError)) throw error;
    const [certificate] = session.certificates.usable([kept.certificate]);
    session.logger.warn(
      { reason: error.message, certificate: certificate && certificateLabel(certificate) },
      'the CA did not take note that its certificate is refused',
    );
    return false;
  }
}
