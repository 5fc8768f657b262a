import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Clock } from '../../runtime/clock.js';
import { packageRoot } from '../../runtime/package-root.js';
import type { Random } from '../../runtime/random.js';
import { systemAdmin } from './auth.js';
import { certificateSigningRequests } from './builtin/certificate-signing-requests.js';
import { configMaps, namespaces, secrets, serviceAccounts } from './builtin/core.js';
import { coreEvents, events } from './builtin/events.js';
import { leases } from './builtin/leases.js';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './builtin/rbac.js';
import { deployments, services } from './builtin/workloads.js';
import { certificateRequestDefinition } from './cert-manager/certificate-request-crd.js';
import { customResourceDefinitions, customResources } from './crd.js';
import { Deletes } from './delete.js';
import { GarbageCollector } from './garbage-collector.js';
import { clone, isJsonObject, type KubeObject } from './object.js';
import { Ownership } from './ownership.js';
import { Registry, type Resource, shown } from './resource.js';
import { ApiError, badRequest, noSuchResource } from './status.js';
import { keyOf, Store } from './store.js';
import type { ObjectAccess } from './types.js';
import { type WriteContext, type WriteOptions, Writes } from './write.js';

const BUILT_IN: readonly Resource[] = [
  namespaces,
  secrets,
  configMaps,
  serviceAccounts,
  coreEvents,
  events,
  leases,
  services,
  deployments,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
  certificateSigningRequests,
  customResourceDefinitions,
];

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly historyLimit: number;
  readonly webhookDown: () => boolean;
}

/** The state of the API: types, objects, and the ways to change them. Knows nothing of HTTP. */
export class Cluster {
  readonly registry = new Registry();
  readonly store: Store;
  readonly writes: Writes;
  readonly deletes: Deletes;
  readonly clock: Clock;
  readonly #ownership: Ownership;
  readonly #garbageCollector: GarbageCollector;

  constructor(options: ClusterOptions) {
    this.clock = options.clock;
    this.store = new Store(options.historyLimit);
    const context: WriteContext = {
      ...options,
      store: this.store,
      signer: (group, kind) =>
        CERT_MANAGER_SIGNERS.find((own) => own.group === group && own.kind === kind) ??
        this.registry.all().find((resource) => resource.group === group && resource.kind === kind),
      stored: (resource, object, removed) => this.#onStored(resource, object, removed),
    };
    this.writes = new Writes(context);
    this.#ownership = new Ownership(this.store, this.registry);
    this.deletes = new Deletes(context, this.writes, this.registry, this.#ownership);
    this.#garbageCollector = new GarbageCollector(this.#ownership, this.deletes);
    for (const resource of BUILT_IN) this.registry.add(resource);
    for (const name of ['default', 'kube-system']) {
      this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }

  create(object: unknown): KubeObject {
    const { resource, namespace, body } = this.#addressed(object);
    if (namespace !== undefined && this.store.get('namespaces', keyOf(undefined, namespace)) === undefined) {
      this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    }
    return this.writes.create(resource, namespace, body, INTERNAL).object;
  }

  /** The direct way in, for tests and the demo. */
  access(): ObjectAccess {
    const find = (type: string) => {
      const resource = this.registry.byName(type);
      if (resource === undefined) throw noSuchResource();
      return resource;
    };
    const update = (object: unknown, subresource: string | undefined) => {
      const { resource, namespace, body } = this.#addressed(object);
      return this.writes.update({ resource, namespace, name: body.metadata.name, subresource }, body, INTERNAL).object;
    };
    return {
      get: (type, name, namespace) => {
        const resource = find(type);
        const version = this.store.get(resource.storedAs, keyOf(namespace, name));
        return version === undefined ? undefined : clone(shown(resource, version).object);
      },
      list: (type, namespace) => {
        const resource = find(type);
        return this.store.list(resource.storedAs, namespace).map(([, v]) => clone(shown(resource, v).object));
      },
      create: (object) => clone(this.create(object)),
      update: (object) => clone(update(object, undefined)),
      updateStatus: (object) => clone(update(object, 'status')),
      delete: (type, name, namespace) => {
        this.deletes.delete({ resource: find(type), namespace, name, subresource: undefined }, { dryRun: false });
      },
    };
  }

  #addressed(object: unknown): { resource: Resource; namespace: string | undefined; body: KubeObject } {
    const body: unknown = clone(object);
    if (!isJsonObject(body) || !isJsonObject(body['metadata'])) throw badRequest('an object with metadata is needed');
    const resource = this.registry.byKind(String(body['apiVersion']), String(body['kind']));
    if (resource === undefined) throw noSuchResource();
    const { namespace } = body['metadata'];
    return {
      resource,
      namespace: resource.namespaced ? (typeof namespace === 'string' ? namespace : 'default') : undefined,
      body: body as KubeObject,
    };
  }

  #onStored(resource: Resource, object: KubeObject, removed: boolean): void {
    this.#ownership.observe(resource, object, removed);
    this.#garbageCollector.observe(resource, object, removed);
    if (removed) this.deletes.finishNamespace(object.metadata.namespace);
    if (resource.storedAs !== customResourceDefinitions.storedAs) return;
    const [first] = customResources(object);
    if (first === undefined) return;
    this.registry.remove(first.group, first.plural);
    if (removed) {
      for (const [key, version] of this.store.list(first.storedAs))
        this.store.delete(first.storedAs, key, version.object);
    } else for (const served of customResources(object)) this.registry.add(served);
  }
}

/** Not served here, but wherever cert-manager's webhook runs they exist. */
const CERT_MANAGER_SIGNERS = [
  { group: 'cert-manager.io', kind: 'Issuer', plural: 'issuers', namespaced: true },
  { group: 'cert-manager.io', kind: 'ClusterIssuer', plural: 'clusterissuers', namespaced: false },
];

const INTERNAL: WriteOptions = {
  user: systemAdmin,
  manager: 'sandbox',
  dryRun: false,
  fieldValidation: 'Strict',
  force: false,
  warn: () => {},
};

/** cert-manager's definition and every CustomResourceDefinition below `crds/`. */
export function standardDefinitions(): unknown[] {
  const folder = join(packageRoot(), 'crds');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const documents = files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document): unknown => {
      if (document.errors[0] !== undefined) throw new Error(`${join(folder, name)}: ${document.errors[0].message}`);
      return document.toJS();
    }),
  );
  const isDefinition = (document: unknown) => isJsonObject(document) && document['kind'] === 'CustomResourceDefinition';
  return [certificateRequestDefinition, ...documents.filter(isDefinition)];
}

/** Registers definitions. A refusal names the definition: it stops the start. */
export function define(cluster: Cluster, definitions: readonly unknown[]): void {
  for (const definition of definitions) {
    try {
      cluster.create(definition);
    } catch (error) {
      if (error instanceof ApiError)
        throw new Error(`CustomResourceDefinition refused: ${error.message}`, { cause: error });
      throw error;
    }
  }
}
