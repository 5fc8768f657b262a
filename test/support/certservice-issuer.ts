import type { CertServiceStandIn } from '../../src/sandbox/certservice/index.js';
import { csr, type TestCluster } from './test-cluster.js';

const CLIENT_SECRET = 'oom-cert-service-client-tls-secret';

/** Puts the client's TLS identity into the Secret that OOM's issuer names; a second time replaces it. */
export async function certServiceClient(
  cluster: TestCluster,
  standIn: CertServiceStandIn,
  namespace: string,
  kind?: 'good' | 'expired' | 'unknown',
): Promise<void> {
  const { certificatePem, keyPem } = await standIn.issueTlsClient('certServiceClient.com', kind);
  const values = { 'tls.crt': certificatePem, 'tls.key': keyPem, 'ca.crt': standIn.serverCaPem };
  const old = cluster.objects.get('secrets', CLIENT_SECRET, namespace);
  if (old === undefined) cluster.objects.create(cluster.secret(namespace, CLIENT_SECRET, values));
  else cluster.objects.update(cluster.secret(namespace, CLIENT_SECRET, values, old.metadata.resourceVersion));
}

/** OOM's CMPv2Issuer, under the name `ca`, for one CA name of the stand-in. */
export function certServiceIssuer(
  cluster: TestCluster,
  standIn: CertServiceStandIn,
  namespace: string,
  spec: object = {},
): void {
  cluster.objects.create({
    apiVersion: 'certmanager.onap.org/v1',
    kind: 'CMPv2Issuer',
    metadata: { namespace, name: 'ca' },
    spec: {
      url: standIn.url,
      healthEndpoint: 'actuator/health',
      certEndpoint: 'v1/certificate',
      updateEndpoint: 'v1/certificate-update',
      caName: 'RA',
      certSecretRef: { name: CLIENT_SECRET, keyRef: 'tls.key', certRef: 'tls.crt', cacertRef: 'ca.crt' },
      ...spec,
    },
  });
}

/** A Certificate's request as cert-manager makes it, its key staged beside it. */
export function certServiceRequest(
  cluster: TestCluster,
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): void {
  const secretName = `${name}-key`;
  cluster.objects.create(cluster.secret(namespace, secretName, { 'tls.key': csr('rsa2048.key') }));
  cluster.request(namespace, name, {
    csr: csr('rsa2048.csr'),
    usages: ['digital signature', 'key encipherment', 'server auth'],
    annotations: {
      'cert-manager.io/certificate-name': name,
      'cert-manager.io/certificate-revision': '1',
      'cert-manager.io/private-key-secret-name': secretName,
      ...annotations,
    },
  });
}
