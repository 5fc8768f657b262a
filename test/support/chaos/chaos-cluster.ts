import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import { findCondition } from '../../../src/api/conditions.js';
import { controllerRules } from '../../../src/cli/permissions.js';
import { parseCsr } from '../../../src/pki/index.js';
import type { Behaviour, ClientCertificate, LedgerEntry } from '../../../src/sandbox/ca/index.js';
import { type Sandbox, type SandboxCa, startSandbox } from '../../../src/sandbox/index.js';
import { material } from '../certservice-server.js';
import { ControllerProcess } from '../controller-process.js';
import { NetworkLink } from './network-link.js';

const GROUP = 'certmanager.onap.org';
const REQUESTS = 'certificaterequests.cert-manager.io';
const RECORDS = `cmpv2transactions.${GROUP}`;

export type Protection = 'MAC' | 'signature';
export type Confirmation = 'Explicit' | 'Implicit';

/** What is special about one issuer and its CA. */
export interface PlaceOptions {
  readonly protection: Protection;
  readonly confirmation: Confirmation;
  readonly behaviour?: Behaviour;
  /** More of spec.cmp. */
  readonly cmp?: object;
  /** Default: the sandbox's own, behind its link. */
  readonly ca?: SandboxCa;
}

/** A request that was made, and by what the CA's ledger knows it. */
export interface Asked {
  readonly namespace: string;
  readonly name: string;
  readonly publicKeySha256: string;
  readonly ca: SandboxCa;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * The sandbox with a link before each of its servers, and real controllers on the other side of the links, which a test
 * starts and kills as it likes. They know of nothing and have no more permissions than the manifest grants.
 */
export class ChaosCluster {
  readonly sandbox: Sandbox;
  readonly links: { readonly api: NetworkLink; readonly ca: NetworkLink };
  /** Every controller there ever was. */
  readonly controllers: ControllerProcess[] = [];
  readonly #client: ClientCertificate;
  readonly #folder: string;
  #places = 0;

  private constructor(sandbox: Sandbox, links: ChaosCluster['links'], client: ClientCertificate) {
    this.sandbox = sandbox;
    this.links = links;
    this.#client = client;
    this.#folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-chaos-'));
    const apiPort = new URL(sandbox.api.url).port;
    const kubeconfig = sandbox.controllerKubeconfig.replaceAll(`:${apiPort}`, `:${links.api.port}`);
    writeFileSync(this.#kubeconfig, kubeconfig, { mode: 0o600 });
  }

  static async start(): Promise<ChaosCluster> {
    const sandbox = await startSandbox({ apiPort: 0, caPort: 0, controllerRules: controllerRules() });
    const links = {
      api: await NetworkLink.to(Number(new URL(sandbox.api.url).port)),
      ca: await NetworkLink.to(sandbox.ca.port),
    };
    return new ChaosCluster(sandbox, links, await sandbox.ca.issueClientCertificate('registration authority'));
  }

  get #kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  /** One more controller, whose caches are filled. */
  async launch(...args: string[]): Promise<ControllerProcess> {
    const controller = await ControllerProcess.start(this.#kubeconfig, ...args);
    this.controllers.push(controller);
    return controller;
  }

  /** A namespace with an issuer that has a path of its own at the CA, and its credentials. */
  place({ protection, confirmation, behaviour = {}, cmp = {}, ca = this.sandbox.ca }: PlaceOptions): Place {
    const { api } = this.sandbox;
    const port = ca === this.sandbox.ca ? this.links.ca.port : ca.port;
    const namespace = `place-${++this.#places}`;
    ca.behaviours.set(namespace, behaviour);
    const secret = (name: string, values: Readonly<Record<string, string>>) => {
      const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, base64(text)]));
      api.objects.create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data });
    };
    const { certificatePem, chainPem, keyPem } = this.#client;
    secret(
      'credentials',
      protection === 'MAC' ? { ...ca.credentials } : { 'tls.crt': certificatePem + chainPem, 'tls.key': keyPem },
    );
    api.objects.create({
      apiVersion: `${GROUP}/v1`,
      kind: 'CMPv2Issuer',
      metadata: { namespace, name: 'ca' },
      spec: {
        cmp: {
          endpoints: [{ url: `http://127.0.0.1:${port}/cmp/${namespace}` }],
          recipient: ca.caName,
          confirmation,
          protection: { [protection === 'MAC' ? 'mac' : 'signature']: { secretRef: { name: 'credentials' } } },
          trust: { caBundle: ca.rootPem },
          ...cmp,
        },
      },
    });
    return new Place(this, namespace, ca);
  }

  get({ namespace, name }: Asked): CertificateRequest | undefined {
    return this.sandbox.api.objects.get(REQUESTS, name, namespace) as CertificateRequest | undefined;
  }

  /** Why the request is as it is; undefined as long as nothing is said about it. */
  reason(asked: Asked): string | undefined {
    return findCondition(this.get(asked)?.status?.conditions, 'Ready')?.reason;
  }

  isIssued(asked: Asked): boolean {
    return this.reason(asked) === 'Issued';
  }

  /** Deletes the request. */
  forget({ namespace, name }: Asked): void {
    this.sandbox.api.objects.delete(REQUESTS, name, namespace);
  }

  /** What the CA issued for this request, in order. */
  certificates({ ca, publicKeySha256 }: Asked): readonly LedgerEntry[] {
    return ca.ledger.withPublicKey(publicKeySha256);
  }

  /** Stops every controller, and the sandbox. */
  async stop(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.stop('SIGKILL')));
    await Promise.all([this.links.api.close(), this.links.ca.close()]);
    await this.sandbox.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Waits until it is so. After `limitMs` says what it waited for, and what the last controller printed. */
  async until(what: string, isSo: () => boolean, limitMs = 60_000): Promise<void> {
    for (const end = performance.now() + limitMs; !isSo(); ) {
      if (performance.now() > end) {
        const log = this.controllers.at(-1)?.output.split('\n').slice(-200).join('\n');
        throw new Error(`waited ${limitMs} ms in vain for ${what}\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** One namespace of a ChaosCluster. */
export class Place {
  readonly cluster: ChaosCluster;
  readonly namespace: string;
  readonly ca: SandboxCa;
  #requests = 0;

  constructor(cluster: ChaosCluster, namespace: string, ca: SandboxCa) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.ca = ca;
  }

  /** URL path of everything that the issuer sends to the CA. */
  get path(): string {
    return `/cmp/${this.namespace}`;
  }

  /** Names of the records of enrolments that are under way. */
  get records(): readonly string[] {
    return this.cluster.sandbox.api.objects.list(RECORDS, this.namespace).map(({ metadata }) => metadata.name);
  }

  /** An approved request, with a key of its own. */
  async ask(): Promise<Asked> {
    const { objects } = this.cluster.sandbox.api;
    const { namespace } = this;
    const name = `web-${++this.#requests}`;
    const { csrPem } = await material(`CN=${name}.${namespace},O=Lab`);
    const created = objects.create({
      apiVersion: 'cert-manager.io/v1',
      kind: 'CertificateRequest',
      metadata: { namespace, name },
      spec: {
        request: base64(csrPem),
        issuerRef: { group: GROUP, kind: 'CMPv2Issuer', name: 'ca' },
        usages: ['digital signature', 'server auth'],
      },
    });
    const lastTransitionTime = created.metadata.creationTimestamp;
    objects.updateStatus({
      ...created,
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: '', lastTransitionTime }] },
    });
    const publicKeySha256 = createHash('sha256').update(parseCsr(csrPem).spki).digest('hex');
    return { namespace, name, publicKeySha256, ca: this.ca };
  }
}
