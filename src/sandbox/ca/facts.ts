import type { ReceivedMessage } from '../../cmp/message.js';
import { CertificationRequest, nameAttributes, PkiError } from '../../pki/index.js';
import type { RequestFacts } from './behaviour.js';
import { isRequestBody } from './request.js';

const COMMON_NAME = '2.5.4.3';

/** What a selector gets to see. Nothing here is authenticated yet. */
export function requestFacts({ header, body }: ReceivedMessage, path: string): RequestFacts {
  return {
    body: body.type,
    commonName: commonName(body),
    senderKID: Buffer.from(header.senderKID ?? []).toString('utf8'),
    path,
  };
}

function commonName(body: ReceivedMessage['body']): string {
  try {
    const subject = requestedSubject(body);
    const attributes = subject === undefined ? [] : nameAttributes(subject).flat();
    return attributes.find(({ type }) => type === COMMON_NAME)?.text ?? '';
  } catch (error) {
    // A request that cannot be read is refused later on, with a reason.
    if (error instanceof PkiError) return '';
    throw error;
  }
}

function requestedSubject(body: ReceivedMessage['body']): Uint8Array | undefined {
  if (body.type === 'p10cr') return new CertificationRequest(body.value).subject;
  return isRequestBody(body) ? body.value[0]?.certReq.certTemplate.subject : undefined;
}
