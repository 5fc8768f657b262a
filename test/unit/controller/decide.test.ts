import { describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import type { CertificateSigningRequest } from '../../../src/api/certificate-signing-request.js';
import { type Action, decide } from '../../../src/controller/decide.js';
import type { IssuerView } from '../../../src/controller/issuer-view.js';
import type { RequestRecord } from '../../../src/controller/request-record.js';
import { approved, condition, denied, issued, later, NOW, request, signing, viewed } from './objects.js';

const ready: IssuerView = { state: 'ready', uid: 'issuer-1', revision: 'r1' };
const missing: IssuerView = { state: 'missing' };
const unverified: IssuerView = { state: 'unverified' };
const notReady: IssuerView = { state: 'notReady', message: 'Secret shop/creds does not exist: create it' };

const outage: IssuerView = { ...ready, outage: 'nobody is there' };
const waitsForCa = {
  kind: 'awaitIssuer',
  reason: 'IssuerNotReady',
  message: 'CMPv2Issuer resource shop/ca is not Ready: nobody is there',
} as const;

const failure = { code: 'ConnectionFailed', retry: 'transient', message: 'no answer', count: 1 } as const;
const retrying = (seconds: number, issuerRevision = 'r1'): RequestRecord => ({
  phase: 'retrying',
  attempt: 2,
  failure,
  notBefore: later(seconds),
  issuerRevision,
});
const waiting = (seconds: number, changes: Partial<Extract<RequestRecord, { phase: 'waiting' }>> = {}) =>
  ({
    phase: 'waiting',
    attempt: 3,
    state: { step: 1 },
    issuerUid: 'issuer-1',
    issuerRevision: 'r1',
    notBefore: later(seconds),
    message: 'a person must look',
    ...changes,
  }) satisfies RequestRecord;

const ref = (group: string | undefined, kind: string | undefined) =>
  request({
    issuerRef: { name: 'ca', ...(group !== undefined && { group }), ...(kind !== undefined && { kind }) },
  });

const NAMESPACED = 'cmpv2issuers.certmanager.onap.org/shop.ca';
const wanting = (duration: string) =>
  signing({ metadata: { annotations: { 'experimental.cert-manager.io/request-duration': duration } } });

type Row = [
  rule: string,
  request: CertificateRequest | CertificateSigningRequest,
  issuer: IssuerView,
  record: RequestRecord | undefined,
  action: Partial<Action>,
];

const foreign = { kind: 'ignore', because: 'foreign' } as const;
const finished = { kind: 'ignore', because: 'finished' } as const;
const none = undefined;

/** The specification of the controller. */
const rows: Row[] = [
  // Whose request it is.
  ['another group', ref('cert-manager.io', 'CMPv2Issuer'), ready, none, foreign],
  ['our group in other letters', ref('CertManager.onap.org', 'CMPv2Issuer'), ready, none, foreign],
  ['a group below ours', ref('x.certmanager.onap.org', 'CMPv2Issuer'), ready, none, foreign],
  ['an empty group', ref('', 'CMPv2Issuer'), ready, none, foreign],
  ['no group', ref(undefined, 'CMPv2Issuer'), ready, none, foreign],
  ['another kind', ref('certmanager.onap.org', 'ClusterIssuer'), ready, none, foreign],
  ['an empty kind', ref('certmanager.onap.org', ''), ready, none, foreign],
  ['no kind', ref('certmanager.onap.org', undefined), ready, none, foreign],
  ['our kind in other letters', ref('certmanager.onap.org', 'cmpv2issuer'), ready, none, foreign],
  ['a kind that every object has', ref('certmanager.onap.org', 'constructor'), ready, none, foreign],
  ['our namespaced kind', ref('certmanager.onap.org', 'CMPv2Issuer'), ready, none, { kind: 'enroll' }],
  ['our cluster kind', ref('certmanager.onap.org', 'CMPv2ClusterIssuer'), ready, none, { kind: 'enroll' }],

  // What is final stays as it is.
  ['issued', request({ conditions: [approved, condition('Ready', 'True', 'Issued')] }), ready, none, finished],
  ['failed', request({ conditions: [approved, condition('Ready', 'False', 'Failed')] }), ready, none, finished],
  [
    'denied and said so',
    request({ conditions: [denied, condition('Ready', 'False', 'Denied')] }),
    ready,
    none,
    finished,
  ],
  ['a certificate without Ready', request({ status: { certificate: 'eA==' } }), ready, none, finished],
  [
    'issued, denied as well',
    request({ conditions: [denied, condition('Ready', 'True', 'Issued')] }),
    ready,
    none,
    finished,
  ],
  ['written, our copy is from before', request(), ready, { phase: 'done' }, finished],
  [
    'pending is not final',
    request({ conditions: [approved, condition('Ready', 'False', 'Pending')] }),
    ready,
    none,
    { kind: 'enroll' },
  ],
  [
    'an unknown Ready reason is not final',
    request({ conditions: [approved, condition('Ready', 'False', 'Initializing')] }),
    ready,
    none,
    { kind: 'enroll' },
  ],
  [
    'being deleted',
    request({ metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }),
    ready,
    none,
    { kind: 'ignore', because: 'deleted' },
  ],

  // Approval.
  ['neither approved nor denied', request({ conditions: [] }), ready, none, { kind: 'awaitApproval' }],
  ['no conditions at all', { ...request(), status: {} }, ready, none, { kind: 'awaitApproval' }],
  [
    'approval refused by status',
    request({ conditions: [condition('Approved', 'False')] }),
    ready,
    none,
    { kind: 'awaitApproval' },
  ],
  ['unapproved, issuer missing', request({ conditions: [] }), missing, none, { kind: 'awaitApproval' }],
  ['denied, never approved', request({ conditions: [denied] }), ready, none, { kind: 'deny' }],
  ['denied and approved', request({ conditions: [approved, denied] }), ready, none, { kind: 'deny' }],
  ['denied, issuer missing', request({ conditions: [denied] }), missing, none, { kind: 'deny' }],
  [
    'denied while pending',
    request({ conditions: [denied, condition('Ready', 'False', 'Pending')] }),
    ready,
    waiting(9),
    { kind: 'deny' },
  ],
  [
    'denial not true',
    request({ conditions: [approved, condition('Denied', 'False')] }),
    ready,
    none,
    { kind: 'enroll' },
  ],

  // The issuer.
  [
    'issuer missing',
    request(),
    missing,
    none,
    {
      kind: 'awaitIssuer',
      reason: 'IssuerNotFound',
      message:
        'Failed to retrieve CMPv2Issuer resource shop/ca: it does not exist; create it, or correct spec.issuerRef of the Certificate',
    },
  ],
  [
    'issuer not ready',
    request(),
    notReady,
    none,
    {
      kind: 'awaitIssuer',
      reason: 'IssuerNotReady',
      message: 'CMPv2Issuer resource shop/ca is not Ready: Secret shop/creds does not exist: create it',
    },
  ],
  [
    'issuer not verified in this generation',
    request(),
    unverified,
    none,
    { kind: 'ignore', because: 'issuerUnverified' },
  ],
  [
    'issuer missing while the CA waits',
    request(),
    missing,
    waiting(-1),
    { kind: 'awaitIssuer', reason: 'IssuerNotFound' },
  ],

  // The exchange.
  ['nothing known', request(), ready, none, { kind: 'enroll', attempt: 1 }],
  [
    'failed, not due',
    request(),
    ready,
    retrying(5),
    { kind: 'wait', cause: 'failure', until: later(5), message: 'no answer' },
  ],
  ['failed, due', request(), ready, retrying(0), { kind: 'enroll', attempt: 2 }],
  ['failed, not due, issuer repaired', request(), ready, retrying(5, 'r0'), { kind: 'enroll' }],
  [
    'CA waits, not due',
    request(),
    ready,
    waiting(5),
    { kind: 'wait', cause: 'ca', until: later(5), message: 'a person must look' },
  ],
  ['CA waits, due', request(), ready, waiting(0), { kind: 'resume', attempt: 3, state: { step: 1 } }],
  [
    'CA waits, not due, issuer changed',
    request(),
    ready,
    waiting(5, { issuerRevision: 'r0' }),
    { kind: 'wait', cause: 'ca' },
  ],
  [
    'CA waits, issuer recreated',
    request(),
    ready,
    waiting(5, { issuerUid: 'issuer-0' }),
    { kind: 'enroll', attempt: 4 },
  ],
  [
    'polling failed, not due',
    request(),
    ready,
    waiting(5, { failure }),
    { kind: 'wait', cause: 'failure', message: 'no answer' },
  ],
  [
    'polling failed, issuer repaired',
    request(),
    ready,
    waiting(5, { failure, issuerRevision: 'r0' }),
    { kind: 'resume' },
  ],

  // What is settled is only written, whatever became of the issuer.
  // An outage of the CA.
  ['outage, new', request(), outage, none, waitsForCa],
  ['outage, tried before', request(), outage, retrying(9), waitsForCa],
  ['outage, due', request(), outage, retrying(0), waitsForCa],
  ['outage, put off by the CA, not due', request(), outage, waiting(9), { kind: 'wait', cause: 'ca' }],
  ['outage, put off by the CA, due', request(), outage, waiting(0), waitsForCa],
  ['outage, could not go on', request(), outage, waiting(9, { failure }), waitsForCa],
  ['outage, validated certificate', request(), outage, { phase: 'issued', outcome: issued }, { kind: 'publish' }],
  ['outage, refused', request(), outage, { phase: 'refused', code: 'Rejected', message: 'no' }, { kind: 'fail' }],
  ['outage, denied', request({ conditions: [denied] }), outage, none, { kind: 'deny' }],
  ['outage, unapproved', request({ conditions: [] }), outage, none, { kind: 'awaitApproval' }],

  [
    'validated certificate',
    request(),
    ready,
    { phase: 'issued', outcome: issued },
    { kind: 'publish', outcome: issued },
  ],
  [
    'validated certificate, issuer missing',
    request(),
    missing,
    { phase: 'issued', outcome: issued },
    { kind: 'publish' },
  ],
  [
    'refused',
    request(),
    ready,
    { phase: 'refused', code: 'Rejected', message: 'no' },
    { kind: 'fail', reason: 'SigningError', message: 'no' },
  ],
  [
    'refused, issuer not ready',
    request(),
    notReady,
    { phase: 'refused', code: 'Rejected', message: 'no' },
    { kind: 'fail' },
  ],
  [
    'undecodable CSR',
    request(),
    ready,
    { phase: 'refused', code: 'CsrInvalid', message: 'no CSR' },
    { kind: 'fail', reason: 'DecodeError', message: 'no CSR' },
  ],

  // CertificateSigningRequests: whose they are.
  ['CSR of another signer', signing({ signerName: 'kubernetes.io/kubelet-serving' }), ready, none, foreign],
  [
    'CSR of a domain below ours',
    signing({ signerName: 'x.cmpv2clusterissuers.certmanager.onap.org/ca' }),
    ready,
    none,
    foreign,
  ],
  ['CSR of our group', signing({ signerName: 'certmanager.onap.org/ca' }), ready, none, foreign],
  ['CSR of our cluster kind', signing(), ready, none, { kind: 'enroll', attempt: 1 }],
  ['CSR of our namespaced kind', signing({ signerName: NAMESPACED }), ready, none, { kind: 'decline' }],
  [
    'CSR of our namespaced kind, not approved',
    signing({ signerName: NAMESPACED, conditions: [] }),
    ready,
    none,
    { kind: 'decline' },
  ],
  [
    'CSR of our namespaced kind, finished',
    signing({ signerName: NAMESPACED, conditions: [denied] }),
    ready,
    none,
    finished,
  ],

  // What is final.
  ['CSR with a certificate', signing({ status: { certificate: 'eA==' } }), ready, none, finished],
  ['CSR that failed', signing({ conditions: [approved, condition('Failed', 'True')] }), ready, none, finished],
  ['CSR denied: not a word more', signing({ conditions: [denied] }), ready, none, finished],
  ['CSR denied while the CA waits', signing({ conditions: [denied] }), ready, waiting(9), finished],
  ['CSR answered, our copy is from before', signing(), ready, { phase: 'done' }, finished],
  [
    'CSR being deleted',
    signing({ metadata: { deletionTimestamp: 'x' } }),
    ready,
    none,
    { kind: 'ignore', because: 'deleted' },
  ],

  // Approval, and what cannot be.
  ['CSR not approved', signing({ conditions: [] }), ready, none, { kind: 'awaitApproval' }],
  ['CSR without status', { ...signing(), status: {} }, ready, none, { kind: 'awaitApproval' }],
  ['CSR for too short a time', wanting('9m59s'), ready, none, { kind: 'fail', reason: 'InvalidDuration' }],
  ['CSR for no time that is one', wanting('90d'), ready, none, { kind: 'fail', reason: 'InvalidDuration' }],
  ['CSR for ten minutes', wanting('10m'), ready, none, { kind: 'enroll' }],
  ['CSR for too short a time, not approved', { ...wanting('1s'), status: {} }, ready, none, { kind: 'awaitApproval' }],
  ['CSR for too short a time, issuer missing', wanting('1s'), missing, none, { kind: 'fail' }],
  [
    'CSR for too short a time by now, certificate at hand',
    wanting('1s'),
    ready,
    { phase: 'issued', outcome: issued },
    { kind: 'publish' },
  ],

  // The rest is the same.
  [
    'CSR, issuer missing',
    signing(),
    missing,
    none,
    {
      kind: 'awaitIssuer',
      message:
        'Failed to retrieve CMPv2ClusterIssuer resource ca: it does not exist; create it, or correct spec.signerName of a new CertificateSigningRequest',
    },
  ],
  ['CSR, issuer not ready', signing(), notReady, none, { kind: 'awaitIssuer', reason: 'IssuerNotReady' }],
  ['CSR, failed, not due', signing(), ready, retrying(5), { kind: 'wait', cause: 'failure' }],
  ['CSR, CA waits, not due', signing(), ready, waiting(5), { kind: 'wait', cause: 'ca' }],
  ['CSR, CA waits, due', signing(), ready, waiting(0), { kind: 'resume', attempt: 3 }],
  ['CSR, validated certificate', signing(), missing, { phase: 'issued', outcome: issued }, { kind: 'publish' }],
  [
    'CSR, refused',
    signing(),
    ready,
    { phase: 'refused', code: 'Rejected', message: 'no' },
    { kind: 'fail', reason: 'SigningError' },
  ],
];

describe('decide', () => {
  it.each(rows)('%s', (_rule, object, issuer, record, action) => {
    expect(decide(viewed(object), issuer, record, NOW)).toMatchObject(action);
  });
});
