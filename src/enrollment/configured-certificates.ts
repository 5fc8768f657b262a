import { type Certificate, decodeCertificates, PkiError } from '../pki/index.js';
import { unreachable } from '../runtime/unreachable.js';
import type { BackendConfig } from './backend-config.js';

/** What a configured certificate is for. */
export type CertificateRole = 'protection' | 'nested' | 'tlsClient' | 'trustAnchor' | 'tlsTrustAnchor';

/** A certificate that the issuer is configured with, and whose end would be felt. */
export interface ConfiguredCertificate {
  readonly role: CertificateRole;
  /** Field of the backend's configuration that holds it, e.g. `endpoints[0].clientCertPem`. */
  readonly field: string;
  /** RFC 4514 text. */
  readonly subject: string;
  /** Lower-case hexadecimal fingerprint. */
  readonly sha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Source {
  readonly role: CertificateRole;
  readonly field: string;
  readonly pem: string | undefined;
  /** Only the first certificate is ours; what follows are its issuers. */
  readonly leafOnly?: boolean;
}

function sources(backend: BackendConfig): readonly Source[] {
  switch (backend.backend) {
    case 'cmp': {
      const { protection, nested, endpoints, trustPem } = backend.config;
      return [
        ...(protection.type === 'signature'
          ? [{ ...ownCertificate('protection', 'protection.certificatesPem'), pem: protection.certificatesPem }]
          : []),
        { ...ownCertificate('nested', 'nested.certificatesPem'), pem: nested?.certificatesPem },
        ...endpoints.flatMap(({ clientCertPem, tlsCaPem }, index): Source[] => [
          { ...ownCertificate('tlsClient', `endpoints[${index}].clientCertPem`), pem: clientCertPem },
          { role: 'tlsTrustAnchor', field: `endpoints[${index}].tlsCaPem`, pem: tlsCaPem },
        ]),
        { role: 'trustAnchor', field: 'trustPem', pem: trustPem },
      ];
    }
    case 'certservice': {
      const { clientCertPem, serverCaPem } = backend.config;
      return [
        { ...ownCertificate('tlsClient', 'service.clientCertPem'), pem: clientCertPem },
        { role: 'tlsTrustAnchor', field: 'service.tlsCaPem', pem: serverCaPem },
      ];
    }
    default:
      return unreachable(backend);
  }
}

const ownCertificate = (role: CertificateRole, field: string) => ({ role, field, leafOnly: true }) as const;

/** What cannot be read is left out: whoever builds the backend from it says so. */
function certificatesIn(pem: string | undefined): readonly Certificate[] {
  if (pem === undefined) return [];
  try {
    return decodeCertificates(pem);
  } catch (error) {
    if (error instanceof PkiError) return [];
    throw error;
  }
}

/** Every certificate of the configuration, in each role once. */
export function configuredCertificates(backend: BackendConfig): readonly ConfiguredCertificate[] {
  const found = new Map<string, ConfiguredCertificate>();
  for (const { role, field, pem, leafOnly = false } of sources(backend)) {
    const certificates = certificatesIn(pem);
    for (const { subjectText, sha256, notBefore, notAfter } of leafOnly ? certificates.slice(0, 1) : certificates) {
      const key = `${role} ${sha256}`;
      if (!found.has(key)) found.set(key, { role, field, subject: subjectText, sha256, notBefore, notAfter });
    }
  }
  return [...found.values()];
}
