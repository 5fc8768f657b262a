import { PKI_FAILURE_INFO_NAMES } from '../../cmp/schema/index.js';
import { BODY_ATTACKS, OCTET_ATTACKS, PBM_ATTACKS, SIGNER_ATTACKS } from './attack.js';
import { type Behaviour, CERTIFICATE_FAULTS, MESSAGE_FAULTS, STATUS_CONTRADICTIONS } from './behaviour.js';
import {
  NESTING_FAULTS,
  PBMAC1_FAULTS,
  REVOCATION_FAULTS,
  ROOT_UPDATE_FAULTS,
  SUPPORT_FAULTS,
} from './service-faults.js';

const kebab = (name: string): string => name.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`);

const each = <T extends string>(
  prefix: string,
  names: readonly T[],
  make: (name: T) => Behaviour,
): Record<string, Behaviour> => Object.fromEntries(names.map((name) => [`${prefix}${kebab(name)}`, make(name)]));

/** Behaviours that every sandbox CA knows by name: `/cmp/poll`, `/cmp/poll+two-roots`, `/cmp/reject-bad-pop`, ... */
export const standardBehaviours: Readonly<Record<string, Behaviour>> = {
  poll: { polling: { polls: 2, checkAfterSeconds: 1, reason: 'an operator is looking at the request' } },
  'poll-confirmation': {
    confirmationPolling: { polls: 1, checkAfterSeconds: 1, reason: 'the confirmation is being filed' },
  },
  'poll-for-ever': { polling: { polls: Number.POSITIVE_INFINITY, checkAfterSeconds: 1 } },
  root: { caPubs: 'root' },
  'two-roots': { caPubs: 'allRoots' },
  mac: { responseProtection: 'mac' },
  signature: { responseProtection: 'signature' },
  'null-sender': { macSender: 'nullDn' },
  'p10cr-id-0': { p10crCertReqId: 0 },
  'strict-pop': { raVerified: 'refuse' },
  'original-pop': { raVerified: 'withOriginal' },
  'no-implicit-confirm': { implicitConfirm: 'never' },
  'implicit-confirm-unasked': { implicitConfirm: 'always' },
  'granted-with-mods': { addDnsName: 'added.by.the.ca.example' },
  error: { error: { failInfo: ['systemFailure'], statusString: 'the CA is out of order' } },
  'error-unprotected': {
    error: { failInfo: ['systemFailure'], statusString: 'the CA is out of order' },
    faults: { list: ['unprotected'] },
  },
  'error-instead-of-pkiconf': {
    errorInsteadOfPkiConf: { failInfo: ['systemFailure'], statusString: 'the confirmation could not be stored' },
  },
  slow: { delayMilliseconds: 2_000 },
  'http-503': { http: { fault: { type: 'status', status: 503, body: 'html', retryAfterSeconds: 1 } } },
  'http-503-once': { http: { fault: { type: 'status', status: 503, body: 'none' }, times: 1, before: true } },
  'http-500-cmp': { http: { fault: { type: 'status', status: 500, body: 'cmp' } } },
  'http-wrong-type': { http: { fault: { type: 'contentType', contentType: 'application/octet-stream' } } },
  'http-no-type': { http: { fault: { type: 'contentType' } } },
  'http-html': { http: { fault: { type: 'html' } } },
  'http-redirect': { http: { fault: { type: 'redirect', status: 301, location: 'http://127.0.0.1:1/' } } },
  'http-truncated-transfer': { http: { fault: { type: 'truncatedTransfer' } } },
  'http-truncated-message': { http: { fault: { type: 'truncatedMessage' } } },
  'http-trailing-garbage': { http: { fault: { type: 'trailingGarbage' } } },
  'http-empty': { http: { fault: { type: 'empty' } } },
  'http-huge': { http: { fault: { type: 'huge', octets: 100_000_000 } } },
  'http-silence': { http: { fault: { type: 'silence' } } },
  'http-reset': { http: { fault: { type: 'reset' } } },
  'http-reset-once': { http: { fault: { type: 'reset' }, times: 1, before: true } },
  'http-lost-answer': { http: { fault: { type: 'reset' }, times: 1, stages: ['certificate'] } },
  'http-drip': { http: { fault: { type: 'drip', octetsPerChunk: 16, intervalMilliseconds: 50 } } },
  ...each('reject-', PKI_FAILURE_INFO_NAMES, (name) => ({
    rejection: { failInfo: [name], statusString: `refused by the sandbox CA with ${name}` },
  })),
  ...each('message-', MESSAGE_FAULTS, (name) => ({ faults: { list: [name] } })),
  ...each('attack-pbm-', PBM_ATTACKS, (pbm) => ({ attack: { pbm } })),
  ...each('attack-signer-', SIGNER_ATTACKS, (signer) => ({ attack: { signer } })),
  ...each('attack-body-', BODY_ATTACKS, (body) => ({ attack: { body } })),
  ...each('attack-octets-', OCTET_ATTACKS, (octets) => ({ attack: { octets } })),
  ...each('certificate-', CERTIFICATE_FAULTS, (certificate) => ({ certificate })),
  'no-root-update': { rootUpdate: 'none' },
  'nested-plain': { nesting: 'plain' },
  ...each('revocation-', REVOCATION_FAULTS, (revocation) => ({ revocation })),
  ...each('support-', SUPPORT_FAULTS, (support) => ({ support })),
  ...each('root-update-', ROOT_UPDATE_FAULTS, (rootUpdate) => ({ rootUpdate })),
  ...each('pbmac1-', PBMAC1_FAULTS, (pbmac1) => ({ pbmac1 })),
  ...each('nested-', NESTING_FAULTS, (nesting) => ({ nesting })),
  ...each('status-', STATUS_CONTRADICTIONS, (contradiction) => ({ contradiction })),
};
