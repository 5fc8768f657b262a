import { CmpError, type CmpSession, requestCaCertificates } from '../../cmp/index.js';
import type { ReceivedMessage } from '../../cmp/message.js';
import { describeAlgorithm } from '../inspect/algorithms.js';
import { type Finding, failed, ok, warn } from './finding.js';
import type { Outcome, Talk } from './talk.js';

const REFUSALS: Readonly<Record<string, string>> = {
  badMessageCheck: 'Compare reference value and shared secret, or certificate, with what the CA has for us.',
  signerNotTrusted: 'Have the CA trust the issuer of our certificate, and send its issuers along.',
  badAlg: 'Protect with an algorithm that the CA takes: another MAC or hash, another kind of key, another profile.',
  wrongIntegrity: 'The CA wants the other kind of protection: a signature instead of a secret, or the other way round.',
  notAuthorized: 'Have the CA allow this sender to do this.',
  badTime: 'Set the clocks of both machines right.',
  wrongAuthority: 'Configure the name of the CA as recipient, as the CA writes it.',
};

/** Errors of the CA's that its protection, or an answer to ours, vouches for. */
const isAuthentic = ({ code, retry }: CmpError): boolean =>
  (code === 'Rejected' || code === 'UnexpectedBody' || code === 'ResponseMalformed') && retry !== 'unauthenticated';

async function ask(session: CmpSession, signal: AbortSignal): Promise<Outcome> {
  try {
    return { kind: 'answered', caCerts: await requestCaCertificates(session, signal) };
  } catch (error) {
    if (!(error instanceof CmpError)) throw error;
    return { kind: isAuthentic(error) ? 'declined' : 'unproven', error };
  }
}

/** What protects a message, in words; no salt. */
function protectionOf({ header }: ReceivedMessage): string {
  return header.protectionAlg === undefined ? 'nothing' : describeAlgorithm(header.protectionAlg.value);
}

/** Asks for the CA certificates, which changes nothing at the CA, and tells whether both sides take each other's protection. */
export async function protection(talk: Talk, signal: AbortSignal): Promise<Finding> {
  const outcome = await ask(talk.session, signal);
  talk.outcome = outcome;
  const remedy = outcome.kind === 'answered' ? undefined : remedyFor(outcome.error);
  if (outcome.kind !== 'answered' && remedy !== undefined) return failed(outcome.error, remedy);
  if (outcome.kind === 'unproven') {
    const { error } = outcome;
    if (error.code !== 'Rejected') return failed(error);
    return warn(
      `somebody answered, but nothing proves who: ${error.message}`,
      'Many CAs refuse support messages without protecting the refusal. --enroll tells for certain.',
    );
  }
  const by = talk.answer === undefined ? '' : `: ${protectionOf(talk.answer.message)}`;
  return ok(`the CA takes our protection, and its answer is authentic${by}`);
}

const remedyFor = ({ failInfo }: CmpError): string | undefined =>
  failInfo.map((name) => REFUSALS[name]).find((text) => text !== undefined);
