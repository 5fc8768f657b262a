import { DerError } from '../../asn1/index.js';
import type { Certificate } from '../../pki/index.js';
import { DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import { decodeMessage, type ReceivedMessage } from '../message.js';
import { PROFILES } from '../profile.js';
import { verifyMac } from '../protection/index.js';
import {
  errorReported,
  findSigner,
  identifiersOursIfPresent,
  messageTimeRecent,
  onlyInnerMessage,
  protectionConsistent,
  protectionKind,
  protectionKindAllowed,
  protectionPresent,
  pvnoSupported,
  recipNonceMatches,
  rejection,
  senderIsSigner,
  senderNonceFresh,
  signerIsExpected,
  signerKeyUsage,
  signerSpeaksForCa,
  signerTrusted,
  transactionIdEqual,
} from '../rules/index.js';
import type { PKIBody } from '../schema/index.js';
import { printable } from '../text.js';
import type { CmpSession } from './session.js';

/** What ties an answer to our messages. */
export interface Expectation {
  readonly transactionID: Uint8Array;
  /** senderNonce of our last message. */
  readonly lastNonce: Uint8Array;
  /** senderNonce of the message whose answer the CA put off; its answer may refer to that one instead. */
  readonly delayedNonce?: Uint8Array | undefined;
  /** Every nonce of the transaction so far, ours and theirs. */
  readonly seenNonces: readonly Uint8Array[];
  /** Signers of earlier answers in this transaction: some CAs send their certificate only once. */
  readonly knownSigners: readonly Certificate[];
}

/** An answer that passed all rules that do not depend on what was asked. */
export interface Answer {
  readonly message: ReceivedMessage;
  readonly body: PKIBody;
  /** Readable certificates of extraCerts. Trusted for nothing. */
  readonly extraCerts: readonly Certificate[];
  /** Who signed it; undefined if a MAC protects it. */
  readonly signer: Certificate | undefined;
}

type Context = Pick<
  CmpSession,
  | 'anchors'
  | 'certificates'
  | 'clock'
  | 'credential'
  | 'envelope'
  | 'expectedSigner'
  | 'ignoreKeyUsage'
  | 'limits'
  | 'messageTimeWindowMs'
  | 'pbmPolicy'
  | 'pbmac1Policy'
  | 'profile'
  | 'recipient'
  | 'responseProtection'
  | 'signers'
>;

function decode(der: Uint8Array, { limits = DEFAULT_ANSWER_LIMITS }: Context): ReceivedMessage {
  try {
    return decodeMessage(der, limits);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CmpError({
      code: 'ResponseMalformed',
      message: `the answer is no CMP message in DER: ${printable(error.message)}; is this the URL of a CMP server?`,
      cause: error,
    });
  }
}

/** Nonces that the answer may refer to. A pollRep answers the pollReq itself, never the request that was put off. */
function acceptedNonces({ lastNonce, delayedNonce }: Expectation, body: PKIBody): Uint8Array[] {
  return delayedNonce === undefined || body.type === 'pollRep' ? [lastNonce] : [lastNonce, delayedNonce];
}

function trustedSigner(
  message: ReceivedMessage,
  extraCerts: readonly Certificate[],
  { knownSigners }: Expectation,
  context: Context,
): Certificate {
  const { anchors, clock, expectedSigner, recipient, signers } = context;
  const pinned = expectedSigner?.certificate === undefined ? [] : [expectedSigner.certificate];
  const signer = findSigner(message, [...extraCerts, ...knownSigners, ...pinned, ...anchors]);
  senderIsSigner(message.header, signer);
  const now = clock.now();
  if (signers.has(signer, now)) return signer;
  signerKeyUsage(signer, context.ignoreKeyUsage);
  if (expectedSigner === undefined) signerSpeaksForCa(signer, recipient);
  else signerIsExpected(signer, expectedSigner);
  signerTrusted(signer, extraCerts, anchors, now, context.limits);
  signers.add(signer, now);
  return signer;
}

/** What an unverifiable message claims, if that could help a person; never more than a claim. */
function hearsay({ body }: ReceivedMessage): CmpError | undefined {
  if (body.type === 'error') return errorReported(body.value, false);
  if (body.type !== 'ip' && body.type !== 'cp' && body.type !== 'kup') return undefined;
  const status = body.value.response[0]?.status;
  return status?.status === 'rejection' ? rejection(status, false) : undefined;
}

async function verifyProtection(
  message: ReceivedMessage,
  extraCerts: readonly Certificate[],
  expectation: Expectation,
  context: Context,
): Promise<Certificate | undefined> {
  const { credential, pbmPolicy, pbmac1Policy, responseProtection } = context;
  const kind = protectionKind(message);
  protectionKindAllowed(kind, credential.kind, responseProtection);
  if (kind === 'signature') return trustedSigner(message, extraCerts, expectation, context);
  if (credential.kind === 'mac') {
    await verifyMac(message, credential.keys, { pbm: pbmPolicy, pbmac1: pbmac1Policy });
  }
  return undefined;
}

/**
 * Takes an answer apart and lets it pass only if it is well-formed, ours, fresh, and protected by somebody we trust.
 * Where our message went in an envelope, the answer may come in one: then both layers must pass, each by itself.
 * An error that nobody vouches for is thrown as `Rejected`, class `unauthenticated`. Throws CmpError.
 */
export async function acceptAnswer(der: Uint8Array, expectation: Expectation, context: Context): Promise<Answer> {
  const message = decode(der, context);
  const { envelope } = context;
  if (message.body.type !== 'nested' || envelope === undefined) return acceptMessage(message, expectation, context);
  await acceptMessage(message, expectation, { ...context, credential: envelope });
  return acceptMessage(decode(onlyInnerMessage(message.body.value), context), expectation, context);
}

async function acceptMessage(message: ReceivedMessage, expectation: Expectation, context: Context): Promise<Answer> {
  const { header, body } = message;
  const { anonymousErrors, version1Errors } = context.profile ?? PROFILES.default;
  pvnoSupported(header, body.type, version1Errors);
  protectionConsistent(message);
  const nonces = acceptedNonces(expectation, body);
  if (body.type === 'error' && message.protection === undefined) {
    if (anonymousErrors === 'refuse') {
      transactionIdEqual(header, expectation.transactionID);
      recipNonceMatches(header, nonces);
    }
    identifiersOursIfPresent(header, expectation.transactionID, nonces);
    throw errorReported(body.value, false);
  }
  transactionIdEqual(header, expectation.transactionID);
  recipNonceMatches(header, nonces);
  senderNonceFresh(header, expectation.seenNonces);
  messageTimeRecent(header, context.clock.now(), context.messageTimeWindowMs);
  const extraCerts = context.certificates.usable(message.extraCerts);
  try {
    protectionPresent(message);
    const signer = await verifyProtection(message, extraCerts, expectation, context);
    return { message, body, extraCerts, signer };
  } catch (error) {
    const claim = error instanceof CmpError ? hearsay(message) : undefined;
    if (!(error instanceof CmpError) || claim === undefined) throw error;
    throw new CmpError({
      code: error.code,
      retry: 'unauthenticated',
      message: printable(`${error.message}. It claims: ${claim.message}`, 1_000),
      failInfo: claim.failInfo,
      cause: error,
    });
  }
}
