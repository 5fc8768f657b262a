import { CmpError } from '../error.js';
import { bodyTypeExpected } from '../rules/index.js';
import { printable } from '../text.js';
import { Dialogue } from './dialogue.js';
import type { CmpSession } from './session.js';
import { restoreTransaction } from './state.js';

/**
 * Calls a transaction off with an error message of ours (RFC 9483 section 3.6.4), so that the CA need not keep it. Whether
 * that works changes nothing for us, hence a failure is logged only.
 */
export async function abandon(
  dialogue: Dialogue,
  reason: string,
  { logger }: Pick<CmpSession, 'logger'>,
  signal: AbortSignal,
): Promise<void> {
  const pKIStatusInfo = { status: 'rejection', statusString: [printable(reason, 200)] } as const;
  try {
    const answer = await dialogue.ask({ type: 'error', value: { pKIStatusInfo } }, signal);
    bodyTypeExpected(answer.body, ['pkiconf']);
  } catch (error) {
    if (!(error instanceof CmpError)) throw error;
    logger.debug({ reason: error.message }, 'the CA did not take note that a transaction was called off');
  }
}

/** The same for a transaction that was put off and will not be resumed. Throws CmpError if it cannot be read, or was
 * begun at an endpoint that is configured no longer. */
export async function abandonEnrollment(
  stored: Readonly<Record<string, unknown>>,
  reason: string,
  session: CmpSession,
  signal: AbortSignal,
): Promise<void> {
  const dialogue = Dialogue.continue(session, restoreTransaction(stored).position);
  try {
    await abandon(dialogue, reason, session, signal);
  } finally {
    await dialogue.close();
  }
}
