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

const toUser = (grant: TokenGrant): User => ({
  name: grant.user,
  uid: undefined,
  groups: [...(grant.groups ?? []), 'system:authenticated'],
  mayApprove: grant.mayApprove ?? false,
  rules: grant.rules,
});

/** Maps `Authorization: Bearer` to a user. Throws 401 for a missing or unknown token. */
export function tokenAuthenticator(tokens: readonly TokenGrant[]): (header: string | undefined) => User {
  const users = tokens.map((grant) => ({ token: Buffer.from(grant.token), user: toUser(grant) }));
  return (header) => {
    const given = Buffer.from(/^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '');
    const found = users.find(({ token }) => token.length === given.length && timingSafeEqual(token, given));
    if (found === undefined || given.length === 0) throw unauthorized();
    return found.user;
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
  if (user.rules === undefined) return true;
  const resource = request.subresource === undefined ? request.resource : `${request.resource}/${request.subresource}`;
  return user.rules.some(
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
