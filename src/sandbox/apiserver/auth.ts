import { timingSafeEqual } from 'node:crypto';
import { forbidden, unauthorized } from './status.js';
import type { PolicyRule, RequestInfo, TokenGrant } from './types.js';

/** Who makes a request. */
export interface User {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly mayApprove: boolean;
  /** Undefined: may do everything. */
  readonly rules: readonly PolicyRule[] | undefined;
}

/** In-process callers: may do everything. */
export const systemAdmin: User = {
  name: 'system:admin',
  uid: undefined,
  groups: ['system:masters', 'system:authenticated'],
  mayApprove: true,
  rules: undefined,
};

/** What the Roles and bindings in the API grant somebody. */
export type StoredRules = (who: { readonly name: string; readonly groups: readonly string[] }) => readonly PolicyRule[];

/** As the API server groups everybody, and service accounts besides. */
function groupsOf(user: string, given: readonly string[] = []): readonly string[] {
  const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user)?.[1];
  const accounts = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return [...new Set([...given, ...accounts, 'system:authenticated'])];
}

function toUser(grant: TokenGrant, stored: StoredRules): User {
  const { user: name, rules } = grant;
  const groups = groupsOf(name, grant.groups);
  return {
    name,
    uid: undefined,
    groups,
    mayApprove: grant.mayApprove ?? false,
    // Asked anew for each request: a binding counts from the moment it is there.
    get rules() {
      return rules === 'stored' ? stored({ name, groups }) : rules;
    },
  };
}

/** Who there is. */
export interface Users {
  /** The user of an `Authorization: Bearer` header. Throws 401 for a missing or unknown token. */
  authenticate(header: string | undefined): User;
  /** The user of this name; one without token has what the stored bindings grant. */
  named(name: string, groups: readonly string[]): User;
}

export function tokenUsers(tokens: readonly TokenGrant[], stored: StoredRules): Users {
  const users = tokens.map((grant) => ({ token: Buffer.from(grant.token), user: toUser(grant, stored) }));
  return {
    authenticate(header) {
      const given = Buffer.from(/^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '');
      const found = users.find(({ token }) => token.length === given.length && timingSafeEqual(token, given));
      if (found === undefined || given.length === 0) throw unauthorized();
      return found.user;
    },
    named: (name, groups) =>
      users.find(({ user }) => user.name === name)?.user ??
      toUser({ token: '', user: name, groups, rules: 'stored' }, stored),
  };
}

const covers = (listed: readonly string[], wanted: string) => listed.includes('*') || listed.includes(wanted);

/** What RBAC looks at. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** RBAC as kube-apiserver does it: additive rules, default deny. */
export function isAllowed(user: User, request: Access): boolean {
  const { rules } = user;
  if (rules === undefined) return true;
  const resource = request.subresource === undefined ? request.resource : `${request.resource}/${request.subresource}`;
  return rules.some(
    (rule) =>
      covers(rule.apiGroups, request.group) &&
      (covers(rule.resources, resource) ||
        (request.subresource !== undefined && rule.resources.includes(`*/${request.subresource}`))) &&
      covers(rule.verbs, request.verb) &&
      (rule.resourceNames === undefined ||
        rule.resourceNames.length === 0 ||
        (request.name !== undefined && request.verb !== 'create' && rule.resourceNames.includes(request.name))) &&
      (rule.namespaces === undefined ||
        (request.namespace !== undefined && rule.namespaces.includes(request.namespace))),
  );
}

/** Whether the user may `approve` one of these names of cert-manager's virtual resource `signers`. */
export function mayApprove(user: User, signerNames: readonly string[]): boolean {
  const signers = { verb: 'approve', group: 'cert-manager.io', resource: 'signers' } as const;
  return (
    user.mayApprove || (user.rules !== undefined && signerNames.some((name) => isAllowed(user, { ...signers, name })))
  );
}

/**
 * Whether the user has `verb` on a Kubernetes signer (certificates.k8s.io, virtual resource `signers`): on its name, or
 * on all of its domain.
 */
export function maySign(user: User, verb: 'approve' | 'sign', signerName: string): boolean {
  const { rules } = user;
  if (verb === 'approve' && (user.mayApprove || rules === undefined)) return user.mayApprove;
  const signers = { verb, group: 'certificates.k8s.io', resource: 'signers' } as const;
  return [signerName, `${signerName.split('/')[0]}/*`].some((name) => isAllowed(user, { ...signers, name }));
}

/** Throws 403 in the words of the RBAC authorizer. */
export function authorize(user: User, request: RequestInfo): void {
  if (isAllowed(user, request)) return;
  const resource = request.subresource === undefined ? request.resource : `${request.resource}/${request.subresource}`;
  const scope = request.namespace === undefined ? 'at the cluster scope' : `in the namespace "${request.namespace}"`;
  const subject = { group: request.group, plural: request.resource, kind: '' };
  throw forbidden(
    subject,
    request.name,
    `User "${user.name}" cannot ${request.verb} resource "${resource}" in API group "${request.group}" ${scope}`,
  );
}
