/**
 * An embedded Kubernetes API server: one process, in memory, strict; real kubectl, helm and client libraries take it for
 * a cluster. What a real server refuses it refuses, with the same Status object.
 *
 * ```ts
 * const server = await startApiServer({ tokens: [{ token: 't', user: 'dev', mayApprove: true }] });
 * writeFileSync('kubeconfig', server.kubeconfig('t'), { mode: 0o600 });
 * server.objects.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'lab' } });
 * server.faults.throttleNext(3, 1, ({ verb }) => verb === 'patch');
 * server.journal.count({ verb: ['create', 'update', 'patch'], user: 'dev' });
 * await server.close();
 * ```
 *
 * Served: Secrets, ConfigMaps, ServiceAccounts, Namespaces, Leases, Events (core/v1 and events.k8s.io/v1 are two views of
 * one store), CertificateSigningRequests with their admission, Roles and bindings, CustomResourceDefinitions (creating one
 * serves it), everything in `crds/`, and cert-manager's CertificateRequest with the rules of its webhook. Services and
 * Deployments are stored, nothing comes of them. SelfSubjectAccessReview and SubjectAccessReview are answered. HTTPS by
 * default; with `scheme: 'http'` client-node needs the skip-verify flag that the kubeconfig then carries.
 *
 * How a request travels: `http` (authentication, faults, journal) > `resource-request` (authorization, routing) > `write`,
 * `delete`, `list` or `watch` (the rules) > `store` (one revision counter, the history, listeners). `schema`, `validate`
 * and `cel` give CRD schemas their meaning; `fields` and `managed-fields` are server-side apply; `builtin/` and
 * `cert-manager/` hold what single types add.
 *
 * What no owner is left for is collected (`ownership`, `garbage-collector`), as kube-controller-manager does it.
 *
 * What it does not do: waiting for dependents in foreground deletion, namespace finalizers, conversion webhooks,
 * protobuf answers, Event expiry, resource quotas, RBAC's escalation check, aggregated ClusterRoles, impersonation.
 * @module
 */

export type { KubeObject, Meta } from './object.js';
export { startApiServer } from './server.js';
export { ApiError } from './status.js';
export type {
  ApiServer,
  ApiServerOptions,
  FailureSwitch,
  FaultSwitches,
  JournalEntry,
  JournalFilter,
  ObjectAccess,
  PolicyRule,
  RequestInfo,
  RequestJournal,
  RequestMatch,
  TokenGrant,
  Verb,
} from './types.js';
