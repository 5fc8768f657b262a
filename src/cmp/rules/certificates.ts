import { Certificate, PkiError } from '../../pki/index.js';

// What is taken from the unauthenticated or optional certificate lists of an answer.

const MOST_CERTIFICATES = 32;
const LARGEST_CERTIFICATE = 16 * 1024;

/**
 * The readable certificates of extraCerts and caPubs: bounded in number and size, without repetition. One that cannot
 * be read is left out, because it may be meant for somebody else; whether the rest suffices shows in path building.
 */
export function usableCertificates(lists: readonly (readonly Uint8Array[])[]): Certificate[] {
  const found = new Map<string, Certificate>();
  for (const der of lists.flatMap((list) => list.slice(0, MOST_CERTIFICATES))) {
    if (der.length > LARGEST_CERTIFICATE) continue;
    try {
      const certificate = Certificate.parse(der);
      found.set(certificate.sha256, certificate);
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
    }
  }
  return [...found.values()];
}
