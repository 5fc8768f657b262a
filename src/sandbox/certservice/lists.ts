import { encodePem } from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { SandboxCa } from '../ca/index.js';
import type { ListFault } from './behaviour.js';

/** What a certificate comes with, all PEM. */
export interface Surroundings {
  readonly ca: SandboxCa;
  /** Certificates that the CA sent beside root and chain, related or not. */
  readonly unrelated: readonly string[];
}

/**
 * The body of a successful answer: the chain from the leaf without its root, and as trusted whatever else the CA sent.
 * The trusted ones come in no order of their own (they left a hash map), so here the root of the chain stands last.
 */
export function answerLists(leaf: Uint8Array, { ca, unrelated }: Surroundings, fault: ListFault | undefined): unknown {
  const leafPem = encodePem('CERTIFICATE', leaf);
  const certificateChain = [leafPem, ca.chainPem];
  const trustedCertificates = [...unrelated, ca.rootPem];
  const right = { certificateChain, trustedCertificates };
  switch (fault) {
    case undefined:
      return right;
    case 'emptyLists':
      return { certificateChain: [], trustedCertificates: [] };
    case 'emptyChain':
      return { ...right, certificateChain: [] };
    case 'emptyTrusted':
      return { ...right, trustedCertificates: [] };
    case 'missingLists':
      return {};
    case 'nullLists':
      return { certificateChain: null, trustedCertificates: null };
    case 'chainNotPem':
      return { ...right, certificateChain: ['not a certificate', ca.chainPem] };
    case 'trustedNotPem':
      return { ...right, trustedCertificates: [...trustedCertificates, 'not a certificate'] };
    case 'chainNotText':
      return { ...right, certificateChain: [42, ca.chainPem] };
    case 'endEntityTrusted':
      return { ...right, trustedCertificates: [ca.signerPem, ...trustedCertificates] };
    case 'rootInChain':
      return { ...right, certificateChain: [...certificateChain, ca.rootPem] };
    case 'chainReversed':
      return { ...right, certificateChain: certificateChain.toReversed() };
    case 'chainWithoutIssuer':
      return { ...right, certificateChain: [leafPem] };
    case 'rootNotTrusted':
      return { ...right, trustedCertificates: ca.roots.filter((root) => root !== ca.rootPem) };
    case 'twoBlocksInOneEntry':
      return { ...right, certificateChain: [certificateChain.join('')] };
    default:
      return unreachable(fault);
  }
}
