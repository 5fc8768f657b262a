import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateRequest } from '../../src/api/certificate-request.js';
import { type Condition, findCondition, wholeSeconds } from '../../src/api/conditions.js';
import type { Issuer } from '../../src/api/issuer.js';
import type { KubeObject } from '../../src/api/meta.js';
import { controllerRules } from '../../src/cli/permissions.js';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type PolicyRule, type Sandbox, type SandboxCa, startSandbox } from '../../src/sandbox/index.js';
import { ControllerProcess } from './controller-process.js';

const GROUP = 'certmanager.onap.org';
const REQUESTS = 'certificaterequests.cert-manager.io';
const ISSUERS = `cmpv2issuers.${GROUP}`;

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export const csr = (name: string): string => readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8');

interface RequestOptions {
  /** PEM; a P-256 one without usages if absent. */
  readonly csr?: string;
  readonly usages?: readonly string[];
  /** Go duration. */
  readonly duration?: string;
  readonly isCA?: boolean;
  readonly issuerRef?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The Certificate that it was made for. */
  readonly owner?: KubeObject;
  /** Approval conditions to set at once. */
  readonly approval?: readonly ('Approved' | 'Denied')[];
}

/**
 * The embedded API server, the sandbox CA and the real controller, which has no more permissions than the manifest
 * grants. Each test takes a namespace of its own.
 */
export class TestCluster {
  readonly sandbox: Sandbox;
  readonly #folder: string;
  controller: ControllerProcess;

  private constructor(sandbox: Sandbox, folder: string, controller: ControllerProcess) {
    this.sandbox = sandbox;
    this.#folder = folder;
    this.controller = controller;
  }

  static start(...args: string[]): Promise<TestCluster> {
    return TestCluster.#start(controllerRules(), args);
  }

  /** With the ClusterRole of this name besides. */
  static startGranted(role: string): Promise<TestCluster> {
    return TestCluster.#start([...controllerRules(), ...controllerRules(role)], []);
  }

  /** Without permission on these resources until `grant` is called. */
  static async startWithout(
    resources: readonly string[],
    ...args: string[]
  ): Promise<{ cluster: TestCluster; grant: () => void }> {
    const all = controllerRules();
    const rules: PolicyRule[] = all.map((rule) => ({
      ...rule,
      resources: rule.resources.filter((resource) => !resources.includes(resource)),
    }));
    return { cluster: await TestCluster.#start(rules, args), grant: () => void rules.push(...all) };
  }

  /** With RoleBindings in these namespaces and no ClusterRoleBinding. */
  static startConfined(namespaces: readonly string[]): Promise<TestCluster> {
    const rules = controllerRules().map((rule) => ({ ...rule, namespaces }));
    return TestCluster.#start(
      rules,
      namespaces.flatMap((namespace) => ['--namespace', namespace]),
    );
  }

  static async #start(rules: readonly PolicyRule[], args: readonly string[]): Promise<TestCluster> {
    const sandbox = await startSandbox({ apiPort: 0, caPort: 0, controllerRules: rules });
    const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-test-'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
    try {
      return new TestCluster(sandbox, folder, await ControllerProcess.start(kubeconfig, ...args));
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  /** Another process in place of the one that was stopped. */
  async restart(...args: string[]): Promise<void> {
    this.controller = await ControllerProcess.start(join(this.#folder, 'kubeconfig'), ...args);
  }

  /** One more process beside the first; the test stops it. */
  replica(...args: string[]): Promise<ControllerProcess> {
    return ControllerProcess.start(join(this.#folder, 'kubeconfig'), ...args);
  }

  async stop(): Promise<void> {
    await this.controller.stop();
    await this.sandbox.close();
    rmSync(this.#folder, { recursive: true });
  }

  get ca(): SandboxCa {
    return this.sandbox.ca;
  }

  get objects() {
    return this.sandbox.api.objects;
  }

  secret(namespace: string, name: string, values: Readonly<Record<string, string>>, version?: string): KubeObject {
    const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, base64(text)]));
    const resourceVersion = version === undefined ? {} : { resourceVersion: version };
    return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, ...resourceVersion }, data } as KubeObject;
  }

  /** Secrets `credentials` and `trust` for the sandbox CA. */
  credentials(namespace: string): void {
    this.objects.create(this.secret(namespace, 'credentials', { ...this.ca.credentials }));
    this.objects.create(this.secret(namespace, 'trust', { 'ca.crt': this.ca.rootPem }));
  }

  /** A cluster issuer for the sandbox CA; its Secrets are those of `credentials('cert-manager')`. */
  clusterIssuer(name: string, path = 'pkix/', cmp: object = {}): void {
    this.objects.create({
      apiVersion: `${GROUP}/v1`,
      kind: 'CMPv2ClusterIssuer',
      metadata: { name },
      spec: { cmp: { ...this.cmp(path), ...cmp } },
    });
  }

  /** An issuer `ca` for the sandbox CA, at the behaviours of `path`. */
  issuer(namespace: string, path = 'pkix/', cmp: object = {}, spec: object = {}): void {
    this.objects.create({
      apiVersion: `${GROUP}/v1`,
      kind: 'CMPv2Issuer',
      metadata: { namespace, name: 'ca' },
      spec: { ...spec, cmp: { ...this.cmp(path), ...cmp } },
    });
  }

  cmp(path = 'pkix/') {
    return {
      endpoints: [{ url: `${this.ca.url}/${path}` }],
      recipient: this.ca.caName,
      protection: { mac: { secretRef: { name: 'credentials' } } },
      trust: { caSecretRef: { name: 'trust' } },
    };
  }

  request(namespace: string, name: string, options: RequestOptions = {}): void {
    const { annotations = {}, issuerRef = { group: GROUP, kind: 'CMPv2Issuer', name: 'ca' }, owner } = options;
    const ownerReferences = owner && [
      {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: owner.metadata.name,
        uid: owner.metadata.uid ?? '',
        controller: true,
      },
    ];
    this.objects.create({
      apiVersion: 'cert-manager.io/v1',
      kind: 'CertificateRequest',
      metadata: { namespace, name, annotations, ...(ownerReferences && { ownerReferences }) },
      spec: {
        request: base64(options.csr ?? csr('p256.csr')),
        issuerRef,
        usages: options.usages ?? ['digital signature', 'server auth'],
        ...(options.duration !== undefined && { duration: options.duration }),
        ...(options.isCA !== undefined && { isCA: options.isCA }),
      },
    });
    for (const type of options.approval ?? ['Approved']) this.approve(namespace, name, type);
  }

  approve(namespace: string, name: string, type: 'Approved' | 'Denied'): void {
    const object = this.get(namespace, name);
    const condition = {
      type,
      status: 'True',
      reason: 'Test',
      message: '',
      lastTransitionTime: wholeSeconds(new Date()),
    };
    const conditions = [...(object.status?.conditions ?? []), condition];
    this.objects.updateStatus({ ...object, status: { ...object.status, conditions } });
  }

  get(namespace: string, name: string): CertificateRequest {
    const found = this.objects.get(REQUESTS, name, namespace);
    if (found === undefined) throw new Error(`no request ${namespace}/${name}`);
    return found as unknown as CertificateRequest;
  }

  /** Waits until the Ready condition of the request has this reason (and message), and gives the request. */
  async settled(namespace: string, name: string, reason: string, message?: RegExp): Promise<CertificateRequest> {
    return this.eventually(
      () => this.get(namespace, name),
      (request) => matches(findCondition(request.status?.conditions, 'Ready'), reason, message),
    );
  }

  async issuerSettled(namespace: string, reason: string, message?: RegExp, type = ISSUERS): Promise<Issuer> {
    return this.eventually(
      () => this.objects.get(type, 'ca', type === ISSUERS ? namespace : undefined) as unknown as Issuer,
      (issuer) => {
        const ready = findCondition(issuer.status?.conditions, 'Ready');
        return ready?.observedGeneration === issuer.metadata.generation && matches(ready, reason, message);
      },
    );
  }

  /** Asks again and again until it is so; after 20 s says what was there instead, and what the controller logged. */
  async eventually<T>(look: () => T, isSo: (found: T) => boolean): Promise<T> {
    for (const end = performance.now() + 20_000; ; ) {
      const found = look();
      if (isSo(found)) return found;
      if (performance.now() > end)
        throw new Error(`it never came to be so: ${JSON.stringify(found, null, 1)}\n${this.controller.output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function matches(condition: Condition | undefined, reason: string, message?: RegExp): boolean {
  return condition?.reason === reason && (message === undefined || message.test(condition.message ?? ''));
}
