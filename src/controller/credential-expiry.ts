import type { ConditionFacts } from '../api/conditions.js';
import type { CertificateRole, ConfiguredCertificate } from '../enrollment/configured-certificates.js';
import { lifetime } from '../pki/index.js';
import { bounded } from './request-news.js';
import { nameSpecField } from './spec-field.js';

/** How people call a certificate of each role, and what its end asks of them. */
const ROLES: Readonly<Record<CertificateRole, { readonly title: string; readonly remedy: string }>> = {
  protection: { title: 'the protection certificate', remedy: 'have it renewed' },
  nested: { title: 'the certificate for nested messages', remedy: 'have it renewed' },
  tlsClient: { title: 'the TLS client certificate', remedy: 'have it renewed' },
  trustAnchor: {
    title: 'the trust anchor',
    remedy: 'add its successor if there is one, and remove it once it has expired',
  },
  tlsTrustAnchor: {
    title: 'the trust anchor for TLS',
    remedy: 'add its successor if there is one, and remove it once it has expired',
  },
};

/** More would not fit into a message. */
const MOST_NAMED = 4;
/** A bundle may hold every public CA there is; those that end first are worth a time series. */
const MOST_MEASURED = 32;

const soonestFirst = (a: ConfiguredCertificate, b: ConfiguredCertificate) =>
  a.notAfter.getTime() - b.notAfter.getTime();

/**
 * The condition that says which configured certificates have expired or will soon; undefined when none. It names times
 * and not days left: else it would be news every day.
 */
export function expiryCondition(
  certificates: readonly ConfiguredCertificate[],
  generation: number,
  now: Date,
): ConditionFacts | undefined {
  const doubtful = [...certificates]
    .sort(soonestFirst)
    .map((certificate) => ({ ...certificate, ...lifetime(certificate, now) }))
    .filter(({ state }) => state === 'expired' || state === 'ending');
  if (doubtful.length === 0) return undefined;
  const named = doubtful.slice(0, MOST_NAMED).map(({ role, field, subject, state, notAfter }) => {
    const { title, remedy } = ROLES[role];
    const verb = state === 'expired' ? 'expired' : 'expires';
    return `${title} "${subject}" (${nameSpecField(field)}) ${verb} at ${notAfter.toISOString()}: ${remedy}`;
  });
  const more = doubtful.length - named.length;
  return {
    type: 'CredentialsExpiring',
    status: 'True',
    reason: doubtful.some(({ state }) => state === 'expired') ? 'Expired' : 'ExpiresSoon',
    message: bounded([...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')),
    observedGeneration: generation,
  };
}

const LABELS: Readonly<Record<CertificateRole, string>> = {
  protection: 'protection',
  nested: 'nested',
  tlsClient: 'tls-client',
  trustAnchor: 'trust-anchor',
  tlsTrustAnchor: 'tls-trust-anchor',
};

/**
 * When the configured certificates end, by a name that stays the same while they are renewed; of trust anchors there may
 * be several, which their fingerprints tell apart.
 */
export function expiryTimes(certificates: readonly ConfiguredCertificate[]): ReadonlyMap<string, Date> {
  const times = new Map<string, Date>();
  for (const { role, sha256, notAfter } of [...certificates].sort(soonestFirst).slice(0, MOST_MEASURED)) {
    const isAnchor = role === 'trustAnchor' || role === 'tlsTrustAnchor';
    const name = isAnchor ? `${LABELS[role]}-${sha256.slice(0, 8)}` : LABELS[role];
    if (!times.has(name)) times.set(name, notAfter);
  }
  return times;
}
