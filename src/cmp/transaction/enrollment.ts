import { encodeDer, sequenceOf, utf8String } from '../../asn1/index.js';
import { OID } from '../oids.js';
import { originalMessageInfo } from '../original-message.js';
import type { InfoTypeAndValue } from '../schema/index.js';
import { enrollmentBody } from '../template.js';
import { type CertificateRequest, readWish } from '../wish.js';
import { Dialogue, IMPLICIT_CONFIRM } from './dialogue.js';
import type { EnrollmentResult } from './outcome.js';
import type { CmpSession } from './session.js';
import { restoreTransaction, type TransactionState } from './state.js';
import { Enrollment } from './state-machine.js';

/**
 * Asks for one certificate and sees the transaction through (RFC 9483 section 4.1), or up to where the CA wants time.
 * Throws CmpError, or the signal's reason.
 */
export async function startEnrollment(
  request: CertificateRequest,
  session: CmpSession,
  signal: AbortSignal,
): Promise<EnrollmentResult> {
  const wish = readWish(request, session.enrollment);
  const now = session.clock.now();
  const body = await enrollmentBody(session.enrollment, session.proofOfPossession, wish, now);
  const deadline = new Date(now.getTime() + session.maxPollingMs);
  const info = [...generalInfo(session), ...originalMessageInfo(wish)];
  const dialogue = Dialogue.begin(session, request.transactionID);
  return new Enrollment({ session, wish, hold: request.hold, deadline, signal, dialogue }).run((enrollment) =>
    dialogue.ask(body, signal, { generalInfo: info }).then((answer) => enrollment.onAnswer(answer)),
  );
}

/**
 * Goes on with a transaction that was put off, or that a certificate was held of. The request must be the one it was
 * begun with: where it names its transactionID, that must be the one of the record. What the record says of a
 * certificate is not believed: it is verified as if it came from the CA.
 */
export async function resumeEnrollment(
  request: CertificateRequest,
  stored: Readonly<Record<string, unknown>>,
  session: CmpSession,
  signal: AbortSignal,
): Promise<EnrollmentResult> {
  const wish = readWish(request, session.enrollment);
  const state = restoreTransaction(stored, request.transactionID);
  const dialogue = Dialogue.continue(session, state.position);
  const { hold, repeated } = request;
  const { confirmations } = state;
  const deadline = postponed(state, session.clock.now());
  return new Enrollment({ session, wish, hold, repeated, deadline, confirmations, signal, dialogue }).run(
    (enrollment) => enrollment.resume(state),
  );
}

/** The CA's time is what it keeps us waiting: if we come later than was agreed, for whatever reason, that is not its. */
const postponed = ({ deadline, due }: TransactionState, now: Date): Date =>
  new Date(deadline.getTime() + Math.max(0, now.getTime() - due.getTime()));

function generalInfo({ implicitConfirm, certProfile }: CmpSession): InfoTypeAndValue[] {
  const items: InfoTypeAndValue[] = [];
  if (implicitConfirm) items.push(IMPLICIT_CONFIRM);
  if (certProfile !== undefined) {
    items.push({ infoType: OID.certProfile, infoValue: encodeDer(sequenceOf(utf8String), [certProfile]) });
  }
  return items;
}
