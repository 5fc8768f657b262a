import { any, DerError, decodeDer, encodeDer, explicit, optional, sequence, sequenceOf } from '../../asn1/index.js';
import type { ReceivedMessage } from '../../cmp/message.js';
import {
  AlgorithmIdentifier,
  type CertReqMsg,
  type CertTemplate,
  type PKIFailureInfoName,
  ProofOfPossession,
} from '../../cmp/schema/index.js';
import {
  CertificationRequest,
  ExtensionSyntax,
  Extensions,
  keyObjection,
  namesEqual,
  PkiError,
  type PkiErrorCode,
  parseSignatureAlgorithm,
  publicKeyFromSpki,
  samePublicKey,
  verify,
} from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Behaviour } from './behaviour.js';
import type { CertificateRequest } from './issuing.js';
import { originalMessage } from './original.js';
import { MessageRefused, RequestRefused } from './refusal.js';

/** A CertReqMsg of which the CertRequest stays as received: proof of possession is a signature over those octets. */
const CertReqMsgWithRawRequest = sequence('CertReqMsg', {
  certReq: any,
  popo: optional(ProofOfPossession),
  regInfo: optional(any),
});

const BODY_NUMBER = { ir: 0, cr: 2, kur: 7 } as const;

/** The bodies that ask for a certificate. */
export type RequestBody = Extract<ReceivedMessage['body'], { type: 'ir' | 'cr' | 'kur' | 'p10cr' }>;

export const isRequestBody = (body: ReceivedMessage['body']): body is RequestBody =>
  body.type === 'ir' || body.type === 'cr' || body.type === 'kur' || body.type === 'p10cr';

/** The one CertReqMsg of an ir, cr or kur. Throws MessageRefused. */
export function singleRequest(messages: readonly CertReqMsg[]): CertReqMsg {
  const [first, ...more] = messages;
  if (first === undefined || more.length > 0) {
    throw new MessageRefused('badRequest', 'exactly one certificate may be asked for in a message');
  }
  return first;
}

export interface RequestRules {
  /** The CA's own name, which a template may name as issuer. */
  readonly issuerName: Uint8Array;
  readonly raVerified: NonNullable<Behaviour['raVerified']>;
}

/** Reads what is asked for and checks the proof of possession. Throws RequestRefused. */
export function readRequest(message: ReceivedMessage, body: RequestBody, rules: RequestRules): CertificateRequest {
  try {
    const request = body.type === 'p10cr' ? readCsr(body.value) : readCertReqMsg(message, body, rules);
    checkOriginal(message, request, rules);
    return request;
  } catch (error) {
    // What these two complain about stands in the request itself.
    if (error instanceof PkiError) throw new RequestRefused(FAIL_INFO[error.code] ?? 'badCertTemplate', error.message);
    if (error instanceof DerError) throw new RequestRefused('badDataFormat', error.message);
    throw error;
  }
}

/** What an RA sends along as the original must prove possession of the same key, whatever the RA made of the rest. */
function checkOriginal(message: ReceivedMessage, { publicKeyInfo }: CertificateRequest, rules: RequestRules): void {
  const original = originalMessage(message);
  if (original === undefined) return;
  const { body } = original;
  if (!isRequestBody(body)) throw new RequestRefused('badRequest', `the original message is ${body.type}, no request`);
  const asked =
    body.type === 'p10cr' ? readCsr(body.value) : readCertReqMsg(original, body, { ...rules, raVerified: 'refuse' });
  if (!samePublicKey(asked.publicKeyInfo, publicKeyInfo)) {
    throw new RequestRefused('badPOP', 'the original message asks for another key');
  }
}

const FAIL_INFO: Readonly<Partial<Record<PkiErrorCode, PKIFailureInfoName>>> = {
  SignatureInvalid: 'badPOP',
  AlgorithmWeak: 'badAlg',
  AlgorithmUnsupported: 'badAlg',
  KeyUnsupported: 'badAlg',
};

function readCsr(der: Uint8Array): CertificateRequest {
  const csr = new CertificationRequest(der);
  csr.verifySignature();
  const { subject, spki: publicKeyInfo, publicKey, extensions } = csr;
  return { subject, publicKeyInfo, publicKey, extensions, notBefore: undefined, notAfter: undefined };
}

function readCertReqMsg(
  message: ReceivedMessage,
  body: Exclude<RequestBody, { type: 'p10cr' }>,
  rules: RequestRules,
): CertificateRequest {
  const { certReq, popo } = singleRequest(body.value);
  const template = certReq.certTemplate;
  refuseReservedFields(template);
  if (template.issuer !== undefined && !namesEqual(template.issuer, rules.issuerName)) {
    throw new RequestRefused('wrongAuthority', 'the template names another CA as issuer');
  }
  const { subject, publicKey: publicKeyInfo } = template;
  if (subject === undefined || publicKeyInfo === undefined) {
    throw new RequestRefused('badCertTemplate', 'the template must hold subject and publicKey');
  }
  const publicKey = publicKeyFromSpki(publicKeyInfo);
  const objection = keyObjection(publicKey);
  if (objection !== undefined) throw new RequestRefused('badAlg', objection);

  if (popo === undefined) throw new RequestRefused('badPOP', 'there is no proof of possession');
  switch (popo.type) {
    case 'raVerified':
      if (
        rules.raVerified === 'refuse' ||
        (rules.raVerified === 'withOriginal' && originalMessage(message) === undefined)
      )
        throw new RequestRefused('badPOP', 'raVerified is not accepted from this requester');
      break;
    case 'signature': {
      if (popo.value.poposkInput !== undefined) {
        throw new RequestRefused('badPOP', 'poposkInput must be absent where the template is complete');
      }
      const algorithm = parseSignatureAlgorithm(encodeDer(AlgorithmIdentifier, popo.value.algorithmIdentifier));
      if (!verify(publicKey, algorithm, rawCertRequest(message.rawBody, body.type), popo.value.signature)) {
        throw new RequestRefused('badPOP', 'the signature that proves possession of the key does not verify');
      }
      break;
    }
    case 'keyEncipherment':
    case 'keyAgreement':
      throw new RequestRefused('badPOP', `proof of possession by ${popo.type} is not supported`);
    default:
      unreachable(popo);
  }
  const extensions = (template.extensions ?? []).map((der) => ({ der, value: decodeDer(ExtensionSyntax, der) }));
  return {
    subject,
    publicKeyInfo,
    publicKey,
    extensions: new Extensions(extensions, 'certificate template'),
    notBefore: template.validity?.notBefore,
    notAfter: template.validity?.notAfter,
  };
}

/** RFC 4211 section 5: these are for the CA to fill. */
function refuseReservedFields(template: CertTemplate): void {
  const { serialNumber, signingAlg, issuerUID, subjectUID } = template;
  for (const [name, value] of Object.entries({ serialNumber, signingAlg, issuerUID, subjectUID })) {
    if (value !== undefined) throw new RequestRefused('badCertTemplate', `the template must not hold ${name}`);
  }
  if (template.version !== undefined && template.version !== 2) {
    throw new RequestRefused('badCertTemplate', 'the version in the template must be v3');
  }
}

function rawCertRequest(rawBody: Uint8Array, type: keyof typeof BODY_NUMBER): Uint8Array {
  const messages = decodeDer(explicit(BODY_NUMBER[type], sequenceOf(CertReqMsgWithRawRequest)), rawBody);
  return messages[0]?.certReq ?? new Uint8Array();
}
