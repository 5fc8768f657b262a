import { CertificateChainValidationEngine } from 'pkijs';
import type { Certificate } from './certificate.js';
import { OID } from './oid.js';
import { toPkijsCertificate } from './pkijs.js';

/** Constraints that are rare and intricate: pkijs checks them, on the finished path. */
const BY_ENGINE: readonly string[] = [
  OID.nameConstraints,
  OID.policyConstraints,
  OID.policyMappings,
  OID.inhibitAnyPolicy,
];

/** Critical extensions that path building honours, or that cannot make a path worse (policies, as we demand none). */
const PROCESSED = new Set<string>([
  ...BY_ENGINE,
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.issuerAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.certificatePolicies,
]);

/** The OID of a critical extension that nobody here understands, if there is one: RFC 5280 section 4.2 says to refuse. */
export function unprocessedCriticalExtension(certificate: Certificate): string | undefined {
  return certificate.extensions.list.find(({ critical, oid }) => critical && !PROCESSED.has(oid))?.oid;
}

/** Whether some CA of the path (leaf first) sets constraints that only the engine checks. */
export function needsEngine(path: readonly Certificate[]): boolean {
  return path.slice(1).some(({ extensions }) => extensions.list.some(({ oid }) => BY_ENGINE.includes(oid)));
}

/** Why the path (leaf first, anchor last) breaks name or policy constraints, or undefined. A few milliseconds. */
export async function engineObjection(path: readonly Certificate[], at: Date): Promise<string | undefined> {
  const [leaf, anchor] = [path[0], path.at(-1)];
  if (leaf === undefined || anchor === undefined) return 'the path is empty';
  const what = `constraints on "${leaf.subjectText}"`;
  try {
    const engine = new CertificateChainValidationEngine({
      // The engine takes the last of `certs` for the one to verify.
      certs: path.slice(0, -1).reverse().map(toPkijsCertificate),
      trustedCerts: [toPkijsCertificate(anchor)],
      checkDate: at,
    });
    const { result, resultMessage } = await engine.verify();
    return result ? undefined : `${what}: ${resultMessage}`;
  } catch (error) {
    // Whatever the engine cannot do (it has no Ed25519) must not let a constrained path pass.
    return `${what} could not be checked: ${error instanceof Error ? error.message : String(error)}`;
  }
}
