import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateRequest } from '../src/api/certificate-request.js';
import { findCondition } from '../src/api/conditions.js';
import { packageRoot } from '../src/runtime/package-root.js';
import type { ApiServer, Sandbox } from '../src/sandbox/index.js';
import type { CaFacts } from './ca-child.js';

const NAMESPACE = 'bench';
export const REQUESTS = 'certificaterequests.cert-manager.io';
const ISSUERS = 'cmpv2issuers.certmanager.onap.org';
const ISSUER = 'bench';
const OUR_ISSUER = { group: 'certmanager.onap.org', kind: 'CMPv2Issuer', name: ISSUER };
const DEADLINE_MS = 120_000;

/** The issuer `bench` with credentials of its own, for the sandbox CA. */
export function createIssuer(api: ApiServer, ca: CaFacts, confirmation: string): void {
  const { client } = ca;
  const data = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  const secret = (name: string, type: string, values: Readonly<Record<string, string>>) =>
    api.objects.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: NAMESPACE },
      type,
      data: data(values),
    });
  secret('trust', 'Opaque', { 'ca.crt': ca.rootPem });
  secret('ra', 'kubernetes.io/tls', { 'tls.crt': client.certificatePem + client.chainPem, 'tls.key': client.keyPem });
  addIssuer(api, ISSUER, ca.caName, `${ca.url}/pkix/`, confirmation);
}

/** One more issuer with the credentials of `bench`, at this URL. */
export function addIssuer(api: ApiServer, name: string, recipient: string, url: string, confirmation: string): void {
  api.objects.create({
    apiVersion: 'certmanager.onap.org/v1',
    kind: 'CMPv2Issuer',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      cmp: {
        endpoints: [{ url }],
        recipient,
        enrollment: 'P10CR',
        confirmation,
        protection: { signature: { secretRef: { name: 'ra' } } },
        trust: { caSecretRef: { name: 'trust' } },
      },
    },
  });
}

/** What requests name one of those by. */
export const issuerRef = (name: string) => ({ ...OUR_ISSUER, name });

const csr = readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr')).toString('base64');

const condition = (type: string, reason: string) => ({
  type,
  status: 'True',
  reason,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const APPROVED = condition('Approved', 'bench');

/** An approved request; `status` replaces what an approval alone leaves there. */
export function createRequest(
  { api }: Sandbox,
  name: string,
  issuerRef: object = OUR_ISSUER,
  status: object = { conditions: [APPROVED] },
): void {
  const created = api.objects.create({
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { name, namespace: NAMESPACE },
    spec: { request: csr, issuerRef },
  });
  api.objects.updateStatus({ ...created, status });
}

/** The status of a request whose certificate was issued long ago. */
export const finishedStatus = (certificatePem: string, caPem: string) => ({
  conditions: [APPROVED, condition('Ready', 'Issued')],
  certificate: Buffer.from(certificatePem).toString('base64'),
  ca: Buffer.from(caPem).toString('base64'),
});

export const requestNamed = ({ api }: Sandbox, name: string) => api.objects.get(REQUESTS, name, NAMESPACE);

export const isReady = (object: unknown): boolean =>
  findCondition((object as CertificateRequest | undefined)?.status?.conditions, 'Ready')?.status === 'True';

export const issuerIsReady = ({ api }: Sandbox): boolean => isReady(api.objects.get(ISSUERS, ISSUER, NAMESPACE));

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > DEADLINE_MS) throw new Error('the bench waited in vain for two minutes');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
