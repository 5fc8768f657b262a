import type { PreviousCertificate } from '../../enrollment/enroller.js';
import { decodeCertificates, describeKey, encodePem, keyMatches, loadPrivateKey, PkiError } from '../../pki/index.js';

/** A certificate to be replaced, ready for the headers; or why it is of no use. */
export type UsablePrevious =
  | {
      readonly ok: true;
      readonly leafPem: string;
      /** Leaf first, as ONAP's provider sends it. */
      readonly chainPem: string;
      /** PKCS#8, which every version of CertService reads. */
      readonly privateKeyPem: string;
    }
  | { readonly ok: false; readonly reason: string };

const useless = (reason: string): UsablePrevious => ({ ok: false, reason });

/** Holds what was kept against itself, and writes it anew: ONAP's service refuses CR LF and a missing last line feed. */
export function usablePrevious(
  { certificatesPem, privateKeyPem }: PreviousCertificate,
  keys: 'RSA' | 'Any',
  now: Date,
): UsablePrevious {
  try {
    const [leaf, ...issuers] = decodeCertificates(certificatesPem);
    const key = loadPrivateKey(privateKeyPem);
    if (leaf === undefined) return useless('there is no certificate');
    if (!keyMatches(key, leaf.spki)) return useless('its key is another one than its certificate says');
    if (keys === 'RSA' && key.asymmetricKeyType !== 'rsa')
      return useless(`its key is ${describeKey(key)}, CertService takes RSA only`);
    if (leaf.notAfter.getTime() < now.getTime()) return useless(`it expired at ${leaf.notAfter.toISOString()}`);
    const pem = [leaf, ...issuers].map(({ der }) => encodePem('CERTIFICATE', der));
    return {
      ok: true,
      leafPem: pem[0] ?? '',
      chainPem: pem.join(''),
      privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  } catch (error) {
    if (error instanceof PkiError) return useless(error.message);
    throw error;
  }
}
