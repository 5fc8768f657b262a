import { CmpError, type Leftover } from '../error.js';
import { bodyTypeExpected } from '../rules/index.js';
import { printable } from '../text.js';
import { Dialogue } from './dialogue.js';
import { Leftovers } from './leftovers.js';
import type { CmpSession } from './session.js';
import { restoreTransaction } from './state.js';

/**
 * Calls a transaction off with an error message of ours (RFC 9483 section 3.6.4), so that the CA need not keep it. Whether
 * the CA took note.
 */
export async function abandon(
  dialogue: Dialogue,
  reason: string,
  { logger }: Pick<CmpSession, 'logger'>,
  signal: AbortSignal,
): Promise<boolean> {
  const pKIStatusInfo = { status: 'rejection', statusString: [printable(reason, 200)] } as const;
  try {
    const answer = await dialogue.ask({ type: 'error', value: { pKIStatusInfo } }, signal);
    bodyTypeExpected(answer.body, ['pkiconf']);
    return true;
  } catch (error) {
    if (!(error instanceof CmpError)) throw error;
    logger.debug({ reason: error.message }, 'the CA did not take note that a transaction was called off');
    return false;
  }
}

/**
 * The same for a transaction that was put off and will not be resumed; a certificate that waits for its confirmation is
 * refused. Resolves with what may be left at the CA, or undefined if nothing is. Throws CmpError if the record cannot be
 * read, or was begun at an endpoint that is configured no longer.
 */
export async function abandonEnrollment(
  stored: Readonly<Record<string, unknown>>,
  reason: string,
  session: CmpSession,
  signal: AbortSignal,
): Promise<Leftover | undefined> {
  const { kept, position } = restoreTransaction(stored);
  const dialogue = Dialogue.continue(session, position);
  const leftovers = new Leftovers(dialogue, session, signal);
  const withdrawn = new CmpError({ code: 'Withdrawn', message: reason });
  try {
    if (kept !== undefined) return (await leftovers.refuse(withdrawn, kept)).leftover;
    const noted = await abandon(dialogue, reason, session, signal);
    return noted ? undefined : leftovers.unknown(withdrawn).leftover;
  } finally {
    await dialogue.close();
  }
}
