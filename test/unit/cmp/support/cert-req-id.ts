import type { ReceivedMessage } from '../../../../src/cmp/message.js';

/** The certReqId that an answer to this request must carry. */
export function certReqIdOf({ body }: ReceivedMessage): number {
  switch (body.type) {
    case 'ir':
    case 'cr':
      return body.value[0]?.certReq.certReqId ?? -1;
    case 'pollReq':
      return body.value[0]?.certReqId ?? -1;
    default:
      return -1;
  }
}
