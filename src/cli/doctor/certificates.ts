import { printable } from '../../cmp/text.js';
import { decodeCertificates, keyMatches, loadPrivateKey, PkiError } from '../../pki/index.js';
import { lifetime } from '../../pki/lifetime.js';
import { unreachable } from '../../runtime/unreachable.js';
import { type Finding, fail, ok, warn } from './finding.js';

export interface PemPair {
  readonly certificatesPem: string;
  readonly privateKeyPem: string;
}

/** A certificate of ours with its key: readable, belonging together, current and so for a while. `role` begins the texts. */
export function pairFinding(role: string, { certificatesPem, privateKeyPem }: PemPair, now: Date): Finding {
  try {
    const [certificate] = decodeCertificates(certificatesPem);
    if (certificate === undefined) return fail(`${role}: no certificate found`, 'Give a certificate in PEM.');
    const title = `${role} "${printable(certificate.subjectText, 200)}"`;
    if (!keyMatches(loadPrivateKey(privateKeyPem), certificate.spki)) {
      return fail(
        `the private key is not that of the ${title}`,
        'Give the key of the first certificate, and put that certificate first.',
      );
    }
    const { state, text } = lifetime(certificate, now);
    switch (state) {
      case 'current':
        return ok(`${title} ${text}, and the key is its own`);
      case 'ending':
        return warn(`${title} ${text}`, 'Have it renewed in time.');
      case 'expired':
        return fail(`${title} ${text}`, 'Have it renewed.');
      case 'notYetValid':
        return fail(`${title} ${text}`, 'Compare the clock of this machine with the right time.');
      default:
        return unreachable(state);
    }
  } catch (error) {
    if (error instanceof PkiError) return fail(`${role}: ${error.message}`, 'Correct the file, or the Secret.');
    throw error;
  }
}

/** Trust anchors: readable, at least one current, and none about to end. `role` begins the texts. */
export function anchorsFinding(role: string, pem: string, now: Date): Finding {
  try {
    const anchors = decodeCertificates(pem).map((certificate) => ({
      title: `"${printable(certificate.subjectText, 200)}"`,
      ...lifetime(certificate, now),
    }));
    const usable = anchors.filter(({ state }) => state === 'current' || state === 'ending');
    const doubtful = anchors.filter(({ state }) => state !== 'current').map(({ title, text }) => `${title} ${text}`);
    const detail = `${role}: ${doubtful.join('; ')}`;
    if (usable.length === 0) return fail(detail, 'Put the current CA certificates there.');
    if (doubtful.length > 0) return warn(detail, 'Add the successors of those that end, and remove what has expired.');
    return ok(`${role}: ${anchors.map(({ title, text }) => `${title} ${text}`).join('; ')}`);
  } catch (error) {
    if (error instanceof PkiError) return fail(`${role}: ${error.message}`, 'Give CA certificates in PEM.');
    throw error;
  }
}
