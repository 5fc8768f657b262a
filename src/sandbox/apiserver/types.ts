import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import type { Hold } from '../gate.js';
import type { KubeObject } from './object.js';

/** What one bearer token stands for. */
export interface TokenGrant {
  readonly token: string;
  /** User name as the API server sees it, for example `system:serviceaccount:cert-manager:cert-manager`. */
  readonly user: string;
  readonly groups?: readonly string[];
  /**
   * May set Approved or Denied on CertificateRequests and CertificateSigningRequests, for any signer. Default: only if
   * `rules` grant `approve` on it.
   */
  readonly mayApprove?: boolean;
  /**
   * RBAC rules. Absent: the token may do everything except approve. Present: whatever no rule grants is 403. `stored`:
   * what the Roles and bindings grant that are in the API at the time, as on a real server.
   */
  readonly rules?: readonly PolicyRule[] | 'stored';
}

/** A rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1). `*` matches everything. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  /** Plurals; subresources as `plural/subresource`. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Confines the rule to these namespaces, as a RoleBinding would. Absent: everywhere. */
  readonly namespaces?: readonly string[];
}

export interface ApiServerOptions {
  /** TCP port; 0 (the default) takes a free one. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default `https`, with a certificate made at start whose CA is in the kubeconfig. */
  readonly scheme?: 'https' | 'http';
  readonly tokens?: readonly TokenGrant[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** CustomResourceDefinitions to serve besides those of `crds/` and cert-manager's CertificateRequest. */
  readonly customResourceDefinitions?: readonly unknown[];
  /** How many changes can be watched or paged back over. Older ones answer 410. Default 20,000. */
  readonly historyLimit?: number;
  /** Milliseconds between bookmarks of a quiet watch that asked for them. Default 60,000. */
  readonly bookmarkInterval?: number;
  /** How many requests the journal remembers in full; its counters are never dropped. Default 1,000. */
  readonly journalLimit?: number;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What a request asks for, as authorization and the fault switches see it. */
export interface RequestInfo {
  readonly verb: Verb;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural; empty for paths that are no resource (discovery, probes). */
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user: string;
  readonly method: string;
  /** Path with query. Never holds a credential. */
  readonly url: string;
  /** Media type of the body, without parameters. */
  readonly contentType?: string;
}

export type RequestMatch = (request: RequestInfo) => boolean;

export interface FailureSwitch {
  /** HTTP status code, and `code` of the Status. */
  readonly code: number;
  /** How many requests fail. Default 1. */
  readonly count?: number;
  readonly match?: RequestMatch;
  readonly reason?: string;
  readonly message?: string;
  /** Sets `Retry-After` and `details.retryAfterSeconds`. */
  readonly retryAfterSeconds?: number;
}

/** Everything that can be made to go wrong. Switches with a count burn down as requests meet them. */
export interface FaultSwitches {
  /** The next matching requests fail before anything happens. */
  failNext(failure: FailureSwitch): void;
  /** 429 with `Retry-After` for the next `count` matching requests. */
  throttleNext(count: number, retryAfterSeconds: number, match?: RequestMatch): void;
  /** The next `count` matching requests do their work, then the connection is cut without an answer. */
  loseResponseAfterCommit(count?: number, match?: RequestMatch): void;
  /** The next `count` matching requests wait `milliseconds` before they are looked at. */
  delayNext(milliseconds: number, count?: number, match?: RequestMatch): void;
  /** The next `count` watches get 410: at once as HTTP status, or as an ERROR event in the stream. */
  expireNextWatch(how: 'http' | 'event', count?: number, match?: RequestMatch): void;
  /**
   * Stops matching requests: `before` the server looks at them, or `after` it has done its work and before the answer
   * goes out. Spoilt by `cut`, the connection is cut instead. Watches are not stopped after they began.
   */
  hold(point: 'before' | 'after', match: RequestMatch): Hold<RequestInfo, 'cut'>;
  /** Ends open watches: `eof` closes the stream cleanly, `reset` cuts the connection. Returns how many. */
  endWatches(how: 'eof' | 'reset', match?: RequestMatch): number;
  /** Sends an ERROR event with this code and reason to open watches and ends them. Returns how many. */
  failWatches(code: number, reason: string, match?: RequestMatch): number;
  /** While on, every write to cert-manager.io fails: 500 InternalError "failed calling webhook ...". */
  webhookOutage(on: boolean): void;
  /** Forgets the history: older watches and continue tokens get 410. */
  compact(): void;
  /** Back to a server without faults. */
  clear(): void;
}

export interface JournalEntry extends RequestInfo {
  readonly time: string;
  /** HTTP status; 0 when the connection was cut instead of an answer. */
  readonly code: number;
  readonly dryRun: boolean;
}

export interface JournalFilter {
  readonly verb?: Verb | readonly Verb[];
  readonly resource?: string;
  /** `''` for the main resource only; absent for any. */
  readonly subresource?: string;
  readonly user?: string;
  readonly code?: number;
}

export interface RequestJournal {
  /** How many requests since start or `reset` match. Exact, whatever the journal's limit. */
  count(filter?: JournalFilter): number;
  /** The most recent requests in full, oldest first. */
  entries(filter?: JournalFilter): readonly JournalEntry[];
  reset(): void;
}

/** Direct access for tests and the demo. Writes go through the same checks as over HTTP, as user `system:admin`. */
export interface ObjectAccess {
  /** `type` is `plural.group` (`secrets` for the core group). Undefined when there is none. */
  get(type: string, name: string, namespace?: string): KubeObject | undefined;
  list(type: string, namespace?: string): readonly KubeObject[];
  /** Creates the object, with its namespace if need be. Throws ApiError as the server would answer. */
  create(object: unknown): KubeObject;
  /** Replaces only `status`. */
  updateStatus(object: unknown): KubeObject;
  update(object: unknown): KubeObject;
  delete(type: string, name: string, namespace?: string): void;
}

export interface ApiServer {
  readonly url: string;
  /** PEM of the CA that signed the server's certificate; undefined with scheme `http`. */
  readonly certificateAuthority: string | undefined;
  /** A kubeconfig as YAML that kubectl, helm and client-node accept. */
  kubeconfig(token: string, namespace?: string): string;
  readonly faults: FaultSwitches;
  readonly journal: RequestJournal;
  readonly objects: ObjectAccess;
  /** Ends every watch, closes every connection. */
  close(): Promise<void>;
}
