import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import { failed } from './failure.js';

/** Where one CertService listens, and for what. Paths are encoded and hold the query of the base URL. */
export interface CertServiceAddress {
  readonly origin: string;
  readonly health: string;
  readonly certificate: string;
  /** Undefined: this issuer does not update. */
  readonly update: string | undefined;
}

const invalid = (field: string, reason: string) =>
  failed({ code: 'ConfigurationInvalid', retry: 'issuer', message: `${field}: ${reason}` });

/** What Go's URL parser, by which ONAP's provider judges these fields, refuses. */
function assertPath(field: string, text: string): void {
  if (/\p{Cc}/u.test(text)) throw invalid(field, 'it holds a control character');
  if (text.startsWith(':')) throw invalid(field, `"${text}" begins with a colon, as if a scheme were missing`);
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw invalid(field, `"${text}" holds a % that begins no escape`);
}

/** The parts of a path without empty ones and with `.` and `..` resolved; they never lead out of it. */
function parts(path: string): string[] {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept;
}

const encoded = (part: string) =>
  encodeURIComponent(Buffer.from(part, 'utf8').toString('utf8')).replace(
    /%(?:3A|40|24|26|2B|2C|3D)/g,
    decodeURIComponent,
  );

/**
 * The URLs that ONAP's provider would ask, except that a path in `url` is kept and comes first; there it is lost.
 * Throws EnrollmentError `ConfigurationInvalid`.
 */
export function certServiceAddress(config: CertServiceConfig): CertServiceAddress {
  const { url, healthEndpoint, certEndpoint, updateEndpoint = '', caName } = config;
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base === undefined) throw invalid('url', `"${url}" is no URL: write https://host[:port]`);
  if (base.protocol !== 'https:')
    throw invalid('url', 'it must be an https URL: CertService serves nothing else, and requests carry a private key');
  if (base.username !== '' || base.password !== '') throw invalid('url', 'it must not hold credentials');
  for (const [field, text] of Object.entries({ healthEndpoint, certEndpoint, updateEndpoint, caName }))
    assertPath(field, text);
  const prefix = base.pathname.replace(/\/+$/, '');
  const below = (endpoint: string, ...more: readonly string[]) =>
    `${prefix}/${parts([endpoint, ...more].join('/'))
      .map(encoded)
      .join('/')}${base.search}`;
  return {
    origin: base.origin,
    health: below(healthEndpoint),
    certificate: below(certEndpoint, caName),
    update: updateEndpoint === '' ? undefined : below(updateEndpoint, caName),
  };
}
