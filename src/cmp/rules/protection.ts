import { CmpError } from '../error.js';
import type { ReceivedMessage } from '../message.js';
import { isMac, OTHER_MAC_PROTECTIONS } from '../protection/index.js';

// Rules about whether and how an answer is protected. Whether the protection holds is decided in ../protection.

export type ProtectionKind = 'mac' | 'signature';

/** What may protect the answers to MAC-protected requests. */
export type ResponseProtection = 'allowSignature' | 'strict';

/** protectionAlg and protection come together or not at all (RFC 9810 section 5.1.3). */
export function protectionConsistent({ header, protection }: ReceivedMessage): void {
  if ((header.protectionAlg === undefined) === (protection === undefined)) return;
  throw new CmpError({
    code: 'ProtectionInvalid',
    message:
      protection === undefined
        ? 'the answer names a protection algorithm but carries no protection'
        : 'the answer carries protection but names no algorithm for it',
  });
}

/** Every answer must be protected; what becomes of an unprotected error is decided before this. */
export function protectionPresent({ body, protection }: ReceivedMessage): void {
  if (protection !== undefined) return;
  throw new CmpError({
    code: 'ProtectionMissing',
    message: `the CA's answer (${body.type}) is not protected, so anybody could have sent it; configure the CA to protect its answers`,
  });
}

/** The kind of protection of a message that has some. Throws for kinds that nobody here can verify. */
export function protectionKind(message: ReceivedMessage): ProtectionKind {
  if (isMac(message)) return 'mac';
  const other = OTHER_MAC_PROTECTIONS[message.header.protectionAlg?.value.algorithm ?? ''];
  if (other === undefined) return 'signature';
  throw new CmpError({
    code: 'ProtectionInvalid',
    message: `the answer is protected with ${other}, which is not supported; configure the CA for PasswordBasedMac, PBMAC1 or signatures`,
  });
}

/**
 * A signed request must be answered with a signature: a MAC never replaces one. A MAC may be replaced by a signature,
 * unless the operator is strict (RFC 9483 section 3.2).
 */
export function protectionKindAllowed(
  response: ProtectionKind,
  request: ProtectionKind,
  policy: ResponseProtection,
): void {
  if (response === request) return;
  if (request === 'mac' && policy === 'allowSignature') return;
  throw new CmpError({
    code: 'ProtectionInvalid',
    message:
      request === 'signature'
        ? 'our message was signed, but the answer is protected by a MAC, which is no match for a signature'
        : 'our message was protected by a MAC, but the answer is signed; set responseProtection to AllowSignature to accept that',
  });
}

/**
 * An envelope about one message of ours holds one answer (RFC 9483 section 5.2.2.1). Another envelope inside is no answer
 * that any state allows, so the depth ends here.
 */
export function onlyInnerMessage(messages: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = messages;
  if (only !== undefined && more.length === 0) return only;
  throw new CmpError({
    code: 'ResponseMalformed',
    retry: 'transaction',
    message: `the CA's nested answer holds ${messages.length} messages where one was expected`,
  });
}
