import type { CmpErrorCode } from '../cmp/error.js';
import { CmpError, type CmpSession, requestCaCertificates, requestRootCaUpdate } from '../cmp/index.js';
import type { Certificate } from '../pki/index.js';
import type { RootFacts, RootSuccessor, TrustNews } from './enroller.js';
import { isAuthority } from './trusted-cas.js';

/** Each root is asked about in a message of its own: the ones that end first, and no more of them. */
const MOST_ROOTS = 8;

/** Nobody answered: there is no point in asking on. */
const UNREACHABLE: readonly CmpErrorCode[] = ['ConnectionFailed', 'Timeout', 'TlsFailed', 'HttpFailed'];

const facts = ({ subjectText, sha256, notBefore, notAfter }: Certificate): RootFacts => ({
  subject: subjectText,
  sha256,
  notBefore,
  notAfter,
});

/**
 * Asks the CA for the successors of the configured roots (RFC 9483 section 4.3.2) and for the CA certificates that it
 * hands out (section 4.3.1). Nothing of it becomes trusted. Throws CmpError when not one question was answered.
 */
export async function askTrustNews(session: CmpSession, signal: AbortSignal): Promise<TrustNews> {
  const { anchors, clock } = session;
  const now = clock.now();
  const successors: RootSuccessor[] = [];
  const refused: string[] = [];
  const unanswered: CmpError[] = [];
  let answers = 0;
  const known = new Set(anchors.map(({ sha256 }) => sha256));

  /** Undefined where the CA has no answer that could be used. */
  async function ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await question();
      answers++;
      return answer;
    } catch (error) {
      if (!(error instanceof CmpError) || UNREACHABLE.includes(error.code)) throw error;
      if (error.code === 'CertificateRefused') {
        answers++;
        refused.push(error.message);
      } else unanswered.push(error);
      return undefined;
    }
  }

  const roots = anchors
    .filter(({ isSelfSigned, notAfter }) => isSelfSigned && notAfter > now)
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime())
    .slice(0, MOST_ROOTS);
  for (const root of roots) {
    const update = await ask(() => requestRootCaUpdate(root, session, signal));
    if (update === undefined || known.has(update.newWithNew.sha256)) continue;
    known.add(update.newWithNew.sha256);
    successors.push({ root: facts(root), successor: facts(update.newWithNew) });
  }
  const handedOut = (await ask(() => requestCaCertificates(session, signal))) ?? [];
  const unknown = handedOut.filter(
    (certificate) =>
      certificate.isSelfSigned &&
      isAuthority(certificate) &&
      certificate.notAfter > now &&
      !known.has(certificate.sha256),
  );
  const [first] = unanswered;
  if (answers === 0 && first !== undefined) throw first;
  return {
    successors,
    unknownRoots: [...new Map(unknown.map((root) => [root.sha256, facts(root)])).values()],
    refused,
    unanswered: unanswered.map(({ message }) => message),
  };
}
