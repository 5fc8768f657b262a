import { createPublicKey, X509Certificate } from 'node:crypto';

/**
 * Checks an issued chain with the runtime's own X.509 code, none of which the controller's verdict rests on:
 * the leaf is for the key, every signature verifies, every certificate is valid now, and the chain ends at the root.
 *
 * @returns what is wrong; empty when all is right
 */
export function chainFaults(
  chainPem: string,
  caPem: string,
  expected: { readonly publicKeyPem: string; readonly rootPem: string; readonly cas: number; readonly now: Date },
): string[] {
  const chain = certificates(chainPem);
  const cas = certificates(caPem);
  const root = new X509Certificate(expected.rootPem);
  const [leaf] = chain;
  if (leaf === undefined) return ['status.certificate is empty'];
  const faults: string[] = [];
  if (!leaf.publicKey.equals(createPublicKey(expected.publicKeyPem))) faults.push('the leaf is for another key');
  if (leaf.ca) faults.push('the leaf is a CA certificate');
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? root;
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      faults.push(`certificate ${index} is not signed by the one above it`);
    }
    if (certificate.checkIssued(certificate))
      faults.push(`certificate ${index} is a root, which does not belong there`);
    const from = new Date(certificate.validFrom);
    const to = new Date(certificate.validTo);
    if (expected.now < from || expected.now > to) faults.push(`certificate ${index} is not valid now`);
  }
  if (cas.length !== expected.cas) faults.push(`status.ca holds ${cas.length} certificates instead of ${expected.cas}`);
  if (!cas.some((ca) => ca.fingerprint256 === root.fingerprint256))
    faults.push('status.ca lacks the root of the chain');
  if (cas.some((ca) => !ca.ca)) faults.push('status.ca holds a certificate that is no CA');
  return faults;
}

export const certificates = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (block) => new X509Certificate(block),
  );
