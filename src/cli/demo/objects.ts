import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { wholeSeconds } from '../../api/conditions.js';
import { packageRoot } from '../../runtime/package-root.js';
import type { SandboxCa, TlsMaterial } from '../../sandbox/index.js';
import type { DemoCase } from './cases.js';

export const DEMO_NAMESPACE = 'demo';
/** Where cluster-scoped issuers find their Secrets: the controller's default. */
export const CLUSTER_RESOURCE_NAMESPACE = 'cert-manager';

const fixture = (...path: string[]): string => readFileSync(join(packageRoot(), 'fixtures', ...path), 'utf8');
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

export const csrPem = (demoCase: DemoCase): string => fixture('csr', `${demoCase.csr}.csr`);
export const keyPem = (demoCase: DemoCase): string => fixture('csr', `${demoCase.csr}.key`);

/** The issuers of fixtures/demo, pointed at this CA and at the CertService of this URL. */
export function issuerObjects(ca: SandboxCa, certServiceUrl: string): unknown[] {
  const values: Readonly<Record<string, string>> = {
    CMP: ca.url,
    RECIPIENT: JSON.stringify(ca.caName),
    CERTSERVICE: certServiceUrl,
  };
  const text = fixture('demo', 'issuers.yaml').replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  return parseAllDocuments(text).map((document) => document.toJS());
}

/** Credentials and trust anchors for the issuers of both scopes. */
export async function secretObjects(ca: SandboxCa, { caPem, client }: TlsMaterial): Promise<unknown[]> {
  const registrationAuthority = await ca.issueClientCertificate('demo registration authority');
  const roots = ca.roots.join('');
  return [
    ...[DEMO_NAMESPACE, CLUSTER_RESOURCE_NAMESPACE].flatMap((namespace) => [
      secret(namespace, 'cmp-credentials', { ...ca.credentials }),
      secret(namespace, 'cmp-trust', { 'ca.crt': ca.rootPem }),
    ]),
    secret(DEMO_NAMESPACE, 'cmp-trust-both', { 'ca.crt': roots }),
    secret(
      DEMO_NAMESPACE,
      'registration-authority',
      {
        'tls.crt': registrationAuthority.certificatePem + registrationAuthority.chainPem,
        'tls.key': registrationAuthority.keyPem,
      },
      'kubernetes.io/tls',
    ),
    secret(
      DEMO_NAMESPACE,
      'oom-cert-service-client-tls-secret',
      { 'tls.crt': client.certificatePem, 'tls.key': client.keyPem, 'ca.crt': caPem },
      'kubernetes.io/tls',
    ),
  ];
}

function secret(namespace: string, name: string, values: Readonly<Record<string, string>>, type = 'Opaque'): unknown {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, data };
}

/** The Secret in which cert-manager would keep the key of this request, if the case wants one. */
export function stagedKeyObjects(demoCase: DemoCase): unknown[] {
  const { name, stagedKey } = demoCase;
  return stagedKey === true ? [secret(DEMO_NAMESPACE, `${name}-key`, { 'tls.key': keyPem(demoCase) })] : [];
}

export function requestObject(demoCase: DemoCase): unknown {
  const { name, issuer, usages, stagedKey, certificateName } = demoCase;
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: {
      name,
      namespace: DEMO_NAMESPACE,
      annotations: {
        ...(stagedKey === true && { 'cert-manager.io/private-key-secret-name': `${name}-key` }),
        ...(certificateName !== undefined && {
          'cert-manager.io/certificate-name': certificateName,
          'cert-manager.io/certificate-revision': '1',
        }),
      },
    },
    spec: {
      request: base64(csrPem(demoCase)),
      issuerRef: { group: 'certmanager.onap.org', ...issuer },
      duration: '720h0m0s',
      usages,
    },
  };
}

/** What an approver writes, cert-manager's own or a person with cmctl. */
export const approvalCondition = (type: 'Approved' | 'Denied', now: Date) => ({
  type,
  status: 'True',
  reason: 'Demo',
  message: type === 'Approved' ? 'approved by the demo' : 'denied by the demo',
  lastTransitionTime: wholeSeconds(now),
});
