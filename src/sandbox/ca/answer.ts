import { encodeDer, nullValue } from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import type {
  CertResponse,
  InfoTypeAndValue,
  PKIBody,
  PKIFailureInfoName,
  PKIStatusInfo,
} from '../../cmp/schema/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Refusal, Stage, StatusContradiction } from './behaviour.js';

/** What the CA wants to say, before header and protection are put around it. */
export interface Answer {
  readonly stage: Stage;
  readonly body: PKIBody;
  readonly generalInfo: readonly InfoTypeAndValue[];
  /** DER of certificates that help to build the issued certificate's chain. */
  readonly chain: readonly Uint8Array[];
  /** Absent: the senderNonce of the message that is answered. */
  readonly recipNonce?: Uint8Array;
}

export type ResponseType = 'ip' | 'cp' | 'kup';

const answer = (stage: Stage, body: PKIBody): Answer => ({ stage, body, generalInfo: [], chain: [] });

export const IMPLICIT_CONFIRM: InfoTypeAndValue = {
  infoType: OID.implicitConfirm,
  infoValue: encodeDer(nullValue, null),
};

function statusInfo(status: PKIStatusInfo['status'], refusal?: Refusal): PKIStatusInfo {
  return {
    status,
    ...(refusal?.statusString === undefined ? {} : { statusString: [refusal.statusString] }),
    ...(refusal === undefined || refusal.failInfo.length === 0 ? {} : { failInfo: refusal.failInfo }),
  };
}

export const refusalOf = (error: { readonly failInfo: PKIFailureInfoName; readonly message: string }): Refusal => ({
  failInfo: [error.failInfo],
  statusString: error.message,
});

export const errorAnswer = (stage: Stage, refusal: Refusal): Answer =>
  answer(stage, { type: 'error', value: { pKIStatusInfo: statusInfo('rejection', refusal) } });

export const confirmation = (): Answer => answer('confirmation', { type: 'pkiconf', value: null });

/** What settles an rr or a genm. */
export const finalAnswer = (body: PKIBody): Answer => answer('certificate', body);

export const revocationRefused = (refusal: Refusal): Answer =>
  finalAnswer({ type: 'rp', value: { status: [statusInfo('rejection', refusal)] } });

/** The answer to the whole message comes later (RFC 9483 section 4.4). */
export const putOff = (reason: string | undefined): Answer =>
  answer('poll', {
    type: 'error',
    value: {
      pKIStatusInfo: statusInfo('waiting', reason === undefined ? undefined : { failInfo: [], statusString: reason }),
    },
  });

export const rejection = (type: ResponseType, certReqId: number, refusal: Refusal): Answer =>
  answer('certificate', { type, value: { response: [{ certReqId, status: statusInfo('rejection', refusal) }] } });

export function waiting(type: ResponseType, certReqId: number, reason: string | undefined): Answer {
  const status = statusInfo('waiting', reason === undefined ? undefined : { failInfo: [], statusString: reason });
  return answer('poll', { type, value: { response: [{ certReqId, status }] } });
}

export const pollResponse = (certReqId: number, checkAfter: number, reason: string | undefined): Answer =>
  answer('poll', {
    type: 'pollRep',
    value: [{ certReqId, checkAfter, ...(reason === undefined ? {} : { reason: [reason] }) }],
  });

export interface Grant {
  readonly type: ResponseType;
  readonly certReqId: number;
  readonly certificate: Uint8Array;
  readonly modified: boolean;
  readonly caPubs: readonly Uint8Array[];
  readonly chain: readonly Uint8Array[];
  readonly generalInfo: readonly InfoTypeAndValue[];
  readonly contradiction: StatusContradiction | undefined;
}

/** ip, cp or kup with a certificate in it; contradictory where that is asked for. */
export function grant({ type, certReqId, certificate, modified, contradiction, ...rest }: Grant): Answer {
  const right: CertResponse = {
    certReqId,
    status: statusInfo(modified ? 'grantedWithMods' : 'accepted'),
    certifiedKeyPair: { certOrEncCert: { type: 'certificate', value: certificate } },
  };
  const response = contradict(right, contradiction);
  const caPubs = rest.caPubs.length === 0 ? {} : { caPubs: rest.caPubs };
  return {
    stage: 'certificate',
    body: { type, value: { ...caPubs, response } },
    generalInfo: rest.generalInfo,
    chain: rest.chain,
  };
}

function contradict(right: CertResponse, contradiction: StatusContradiction | undefined): readonly CertResponse[] {
  switch (contradiction) {
    case undefined:
      return [right];
    case 'acceptedWithoutCertificate':
      return [{ certReqId: right.certReqId, status: right.status }];
    case 'acceptedWithFailInfo':
      return [{ ...right, status: { ...right.status, failInfo: ['badRequest'] } }];
    case 'rejectionWithCertificate':
      return [{ ...right, status: statusInfo('rejection', { failInfo: ['badRequest'] }) }];
    case 'waitingWithCertificate':
      return [{ ...right, status: statusInfo('waiting') }];
    case 'revocationWarning':
    case 'keyUpdateWarning':
      return [{ ...right, status: statusInfo(contradiction) }];
    case 'noResponse':
      return [];
    case 'twoResponses':
      return [right, right];
    default:
      return unreachable(contradiction);
  }
}
