import { isRenewal } from './previous-certificate.js';
import type { RequestRecord } from './request-record.js';
import type { SigningRequest } from './signing-request.js';

/**
 * Who goes first among the requests of one issuer:
 * - `prompt`: nothing is to be asked of the CA any more, or its turn to ask has come.
 * - `resumed`: the exchange has begun; a certificate may wait for its confirmation, for which CAs do not wait for ever.
 * - `renewal`: a certificate in use runs out. How soon is not told by a request, and not worth a read of its Secret; but
 *   cert-manager asks when two thirds of its life are over, so that whoever waits longest is nearest to the end.
 * - `fresh`: nobody has a certificate to lose. Also whoever failed last time: if a CA cannot digest one request, others
 *   must find out that it works.
 */
const RANKS = ['prompt', 'resumed', 'renewal', 'fresh'] as const;

const rank = (name: (typeof RANKS)[number]): number => RANKS.indexOf(name);

export const PROMPT_RANK = rank('prompt');
export const LAST_RANK = rank('fresh');

/** Lower goes first. */
export function requestRank(request: SigningRequest, record: RequestRecord | undefined): number {
  switch (record?.phase) {
    case 'issued':
    case 'refused':
    case 'done':
      return PROMPT_RANK;
    case 'retrying':
      return rank('fresh');
    case 'waiting':
      return rank(record.failure === undefined ? 'resumed' : 'fresh');
    case undefined:
      return rank(isRenewal(request) ? 'renewal' : 'fresh');
  }
}
