/** How a request of the demo must end. */
export type Expectation =
  | {
      readonly kind: 'issued';
      /** Body that must have asked for it, and how it must have been confirmed, both as the CA saw it. */
      readonly body: 'ir' | 'cr' | 'p10cr';
      readonly confirmed: 'confirmed' | 'implicitlyConfirmed';
      /** Certificates in status.ca. */
      readonly cas: number;
    }
  | { readonly kind: 'failed'; readonly message: RegExp }
  | { readonly kind: 'denied' }
  /** Nobody approved it: it must stay without any status of ours. */
  | { readonly kind: 'untouched' };

export interface DemoCase {
  /** Name of the CertificateRequest. */
  readonly name: string;
  /** File name below fixtures/csr, without ending. */
  readonly csr: string;
  readonly usages: readonly string[];
  readonly issuer: { readonly kind: 'CMPv2Issuer' | 'CMPv2ClusterIssuer'; readonly name: string };
  readonly approval: 'Approved' | 'Denied' | 'none';
  /** Whether the private key lies in a Secret for this request, as cert-manager stages it. */
  readonly stagedKey?: boolean;
  /** Name of the Certificate that cert-manager would have made the request for. */
  readonly certificateName?: string;
  readonly expected: Expectation;
}

const SERVER = ['digital signature', 'key encipherment', 'server auth'];
const BOTH = [...SERVER, 'client auth'];
const namespaced = (name: string) => ({ kind: 'CMPv2Issuer', name }) as const;
const issued = (body: 'ir' | 'cr' | 'p10cr', confirmed: 'confirmed' | 'implicitlyConfirmed' = 'confirmed', cas = 1) =>
  ({ kind: 'issued', body, confirmed, cas }) as const;

export const DEMO_CASES: readonly DemoCase[] = [
  {
    name: 'rsa-2048-ir-raverified',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('ir-mac'),
    approval: 'Approved',
    expected: issued('ir'),
  },
  {
    name: 'p-256-ir-proof-by-signature',
    csr: 'p256',
    usages: BOTH,
    issuer: namespaced('ir-proof'),
    approval: 'Approved',
    stagedKey: true,
    expected: issued('ir'),
  },
  {
    name: 'rsa-4096-cr',
    csr: 'rsa4096',
    usages: BOTH,
    issuer: namespaced('cr-signed'),
    approval: 'Approved',
    expected: issued('cr'),
  },
  {
    name: 'p-384-p10cr',
    csr: 'p384',
    usages: ['digital signature', 'key agreement', 'server auth', 'client auth'],
    issuer: namespaced('p10cr-signed'),
    approval: 'Approved',
    expected: issued('p10cr'),
  },
  {
    name: 'ed25519-implicit-confirm',
    csr: 'ed25519',
    usages: ['digital signature'],
    issuer: namespaced('implicit'),
    approval: 'Approved',
    expected: issued('ir', 'implicitlyConfirmed'),
  },
  {
    name: 'cluster-issuer',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: { kind: 'CMPv2ClusterIssuer', name: 'everywhere' },
    approval: 'Approved',
    expected: issued('p10cr'),
  },
  {
    name: 'ca-says-wait',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('polling'),
    approval: 'Approved',
    expected: issued('ir'),
  },
  {
    name: 'two-roots',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('two-roots'),
    approval: 'Approved',
    expected: issued('ir', 'confirmed', 2),
  },
  {
    name: 'onap-sdnc-cert-1',
    csr: 'rsa4096',
    usages: BOTH,
    issuer: namespaced('cmpv2-issuer-onap'),
    approval: 'Approved',
    stagedKey: true,
    certificateName: 'onap-sdnc-cert',
    expected: issued('ir', 'implicitlyConfirmed', 2),
  },
  {
    name: 'denied',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('ir-mac'),
    approval: 'Denied',
    expected: { kind: 'denied' },
  },
  {
    name: 'nobody-approved',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('ir-mac'),
    approval: 'none',
    expected: { kind: 'untouched' },
  },
  {
    name: 'ca-says-no',
    csr: 'rsa2048',
    usages: SERVER,
    issuer: namespaced('refusing'),
    approval: 'Approved',
    expected: { kind: 'failed', message: /badCertTemplate/ },
  },
];
