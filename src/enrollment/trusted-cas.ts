import type { IssuedCertificate } from '../cmp/index.js';
import { buildPath, type Certificate, dedupe } from '../pki/index.js';
import { unreachable } from '../runtime/unreachable.js';
import type { DirectBackendConfig } from './direct-config.js';

/** What of an issued certificate decides about the certificates for `ca`. */
type IssuedPath = Pick<IssuedCertificate, 'path' | 'caPubs' | 'extraCerts'>;

/** Whether the certificate can vouch for others: a CA, or a root from before there were extensions. */
export const isAuthority = (certificate: Certificate) =>
  certificate.isCA || (certificate.version < 3 && certificate.isSelfSigned);

/**
 * Every CA that the operator trusts, by configuration or by descent: the anchor of this chain, all other configured
 * anchors, and those of caPubs that chain to one. What merely came along in an answer is never trusted.
 */
function allTrusted(issued: IssuedPath, anchors: readonly Certificate[], at: Date): Certificate[] {
  const { path, caPubs, extraCerts } = issued;
  const anchor = path.slice(-1);
  const trusted = dedupe([...anchor, ...anchors]);
  const known = new Set(trusted.map(({ sha256 }) => sha256));
  const descendants: Certificate[] = [];
  for (const candidate of caPubs.filter(({ sha256 }) => !known.has(sha256)).filter(isAuthority)) {
    const found = buildPath(candidate, { untrusted: [...caPubs, ...extraCerts], anchors, at });
    if (found.ok) descendants.push(candidate);
  }
  return [...trusted, ...descendants].filter(isAuthority);
}

/** The certificates for the outcome's `ca`. */
export function trustedCas(
  issued: IssuedPath,
  anchors: readonly Certificate[],
  caBundle: DirectBackendConfig['caBundle'],
  at: Date,
): Certificate[] {
  switch (caBundle) {
    case 'All':
      return allTrusted(issued, anchors, at);
    case 'Root':
      return issued.path.slice(-1).filter(isAuthority);
    case 'None':
      return [];
    default:
      return unreachable(caBundle);
  }
}
