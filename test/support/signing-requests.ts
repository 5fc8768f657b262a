import { request as send } from 'node:https';
import { parse } from 'yaml';
import type { CertificateSigningRequest } from '../../src/api/certificate-signing-request.js';
import { findCondition } from '../../src/api/conditions.js';
import { base64, csr, type TestCluster } from './test-cluster.js';

const TYPE = 'certificatesigningrequests.certificates.k8s.io';
export const SIGNER = 'cmpv2clusterissuers.certmanager.onap.org';

interface SigningOptions {
  /** PEM; a P-256 one without usages if absent. */
  readonly csr?: string;
  readonly signerName?: string;
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** CertificateSigningRequests of a cluster, and who approves them. */
export class SigningRequests {
  readonly #cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  create(name: string, options: SigningOptions = {}): CertificateSigningRequest {
    const { signerName = `${SIGNER}/${name}`, usages = ['digital signature', 'client auth'] } = options;
    const { annotations = {}, expirationSeconds } = options;
    return this.#cluster.objects.create({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name, annotations },
      spec: {
        request: base64(options.csr ?? csr('p256.csr')),
        signerName,
        usages,
        ...(expirationSeconds !== undefined && { expirationSeconds }),
      },
    }) as unknown as CertificateSigningRequest;
  }

  /** As `kubectl certificate approve` does it: the whole object, with one condition more, to the door for that. */
  async decide(name: string, type: 'Approved' | 'Denied' = 'Approved'): Promise<CertificateSigningRequest> {
    const object = this.get(name);
    const condition = {
      type,
      status: 'True',
      reason: 'KubectlApprove',
      message: 'This CSR was decided about by a test',
    };
    const conditions = [...(object.status?.conditions ?? []), condition];
    await this.#put(`/${name}/approval`, { ...object, status: { ...object.status, conditions } });
    return this.get(name);
  }

  async createApproved(name: string, options?: SigningOptions): Promise<CertificateSigningRequest> {
    this.create(name, options);
    return this.decide(name);
  }

  get(name: string): CertificateSigningRequest {
    const found = this.#cluster.objects.get(TYPE, name);
    if (found === undefined) throw new Error(`no CertificateSigningRequest ${name}`);
    return found as unknown as CertificateSigningRequest;
  }

  delete(name: string): void {
    this.#cluster.objects.delete(TYPE, name);
  }

  issued(name: string): Promise<CertificateSigningRequest> {
    return this.#cluster.eventually(
      () => this.get(name),
      ({ status }) => status?.certificate !== undefined,
    );
  }

  failed(name: string, reason: string): Promise<CertificateSigningRequest> {
    return this.#cluster.eventually(
      () => this.get(name),
      ({ status }) => findCondition(status?.conditions, 'Failed')?.reason === reason,
    );
  }

  /** What events say about it: reason and note of each. */
  told(name: string): readonly { readonly reason: string; readonly note: string }[] {
    const told = this.#cluster.objects.list('events.events.k8s.io', 'default') as unknown as {
      readonly regarding: { readonly kind: string; readonly name: string };
      readonly reason: string;
      readonly note: string;
    }[];
    return told
      .filter(({ regarding }) => regarding.kind === 'CertificateSigningRequest' && regarding.name === name)
      .map(({ reason, note }) => ({ reason, note }));
  }

  toldOf(name: string, reason: string) {
    return this.#cluster.eventually(
      () => this.told(name).filter((event) => event.reason === reason),
      ({ length }) => length > 0,
    );
  }

  #put(path: string, object: object): Promise<void> {
    const { api, adminKubeconfig } = this.#cluster.sandbox;
    const kubeconfig = parse(adminKubeconfig) as { users: { user: { token: string } }[] };
    const headers = {
      Authorization: `Bearer ${kubeconfig.users[0]?.user.token}`,
      'Content-Type': 'application/json',
    };
    return new Promise((resolve, reject) => {
      const url = `${api.url}/apis/certificates.k8s.io/v1/certificatesigningrequests${path}`;
      const sent = send(url, { method: 'PUT', headers, agent: false, ca: api.certificateAuthority });
      sent.on('error', reject).on('response', (response) => {
        response.resume();
        if (response.statusCode === 200) resolve();
        else reject(new Error(`PUT ${url}: ${response.statusCode}`));
      });
      sent.end(JSON.stringify(object));
    });
  }
}
