import type { ReceivedMessage } from '../../../../src/cmp/message.js';

/** The certReqId that an answer to this request must carry. */
export function certReqIdOf({ body }: ReceivedMessage): number {
  if (body.type === 'pollReq') return body.value[0]?.certReqId ?? -1;
  return body.type === 'ir' || body.type === 'cr' || body.type === 'kur'
    ? (body.value[0]?.certReq.certReqId ?? -1)
    : -1;
}
