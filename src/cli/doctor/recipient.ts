import { isMac } from '../../cmp/protection/index.js';
import { printable } from '../../cmp/text.js';
import { formatName, isNullName, type Name, namesEqual, PkiError } from '../../pki/index.js';
import { type Finding, ok, skip, warn } from './finding.js';
import type { Talk } from './talk.js';

const isSubject = (name: Name, others: readonly Name[]): boolean =>
  others.some((other) => {
    try {
      return namesEqual(name, other);
    } catch (error) {
      if (error instanceof PkiError) return false;
      throw error;
    }
  });

/** Names by which an authentic answer lets us know the CA: sender, signer and its issuer, the CA certificates. */
function namesOf({ session, answer, outcome }: Talk): {
  readonly sender: Name | undefined;
  readonly all: readonly Name[];
} {
  const sender = answer?.message.header.sender;
  const named = sender?.type === 'directoryName' && !isNullName(sender.value) ? sender.value : undefined;
  const caCerts = outcome?.kind === 'answered' ? outcome.caCerts : [];
  const sent = session.certificates.usable(answer?.message.extraCerts ?? []);
  const all = [...caCerts, ...sent].flatMap(({ subject, issuer, isCA }) => (isCA ? [subject, issuer] : [issuer]));
  return { sender: named, all: named === undefined ? all : [named, ...all] };
}

/** Whether who answers is who we write to. */
export function recipient(talk: Talk): Finding {
  const { session, answer, outcome } = talk;
  if (answer === undefined || outcome === undefined || outcome.kind === 'unproven') {
    return skip('needs an authentic answer of the CA');
  }
  if (isNullName(session.recipient)) return ok('none is configured, so any CA feels addressed');
  const { sender, all } = namesOf(talk);
  const wanted = `"${printable(formatName(session.recipient), 200)}"`;
  if (isSubject(session.recipient, all)) return ok(`${wanted} is who answers, or a CA above or beside it`);
  if (sender === undefined && isMac(answer.message)) return ok('the CA does not tell its name under a shared secret');
  const said = sender === undefined ? 'nobody' : `"${printable(formatName(sender), 200)}"`;
  return warn(
    `our messages go to ${wanted}, but ${said} answers`,
    `This CA takes them all the same, others do not: configure recipient ${said}, or the name of the issuing CA.`,
  );
}
