import { equal, isJsonObject, type KubeObject } from '../object.js';
import { type Cause, cause } from '../status.js';
import { textOf } from '../text.js';
import { AGE, builtIn, NAME, object, string } from './define.js';

const GROUP = 'rbac.authorization.k8s.io';
const texts = { type: 'array', items: string, 'x-kubernetes-list-type': 'atomic' } as const;
const rule = object({ verbs: texts, apiGroups: texts, resources: texts, resourceNames: texts, nonResourceURLs: texts });
const rules = { type: 'array', items: rule, 'x-kubernetes-list-type': 'atomic' } as const;
const items = (value: unknown) => (Array.isArray(value) ? value : []).filter(isJsonObject);
const some = (value: unknown) => Array.isArray(value) && value.length > 0;

function ruleCauses(role: KubeObject): Cause[] {
  return items(role['rules']).flatMap((given, i) => {
    const at = `rules[${i}]`;
    if (!some(given['verbs'])) return [cause.required(`${at}.verbs`, 'verbs must contain at least one value')];
    if (some(given['nonResourceURLs']))
      return role.kind === 'Role'
        ? [
            cause.invalid(
              `${at}.nonResourceURLs`,
              given['nonResourceURLs'],
              'namespaced rules cannot apply to non-resource URLs',
            ),
          ]
        : [];
    return [
      ...(some(given['apiGroups'])
        ? []
        : [cause.required(`${at}.apiGroups`, 'resource rules must supply at least one api group')]),
      ...(some(given['resources'])
        ? []
        : [cause.required(`${at}.resources`, 'resource rules must supply at least one resource')]),
    ];
  });
}

const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

function bindingCauses(binding: KubeObject, old: KubeObject | undefined): Cause[] {
  const ref = isJsonObject(binding['roleRef']) ? binding['roleRef'] : {};
  const kinds = binding.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const causes: Cause[] = [];
  if (ref['apiGroup'] !== GROUP) causes.push(cause.notSupported('roleRef.apiGroup', ref['apiGroup'] ?? '', [GROUP]));
  if (!kinds.includes(textOf(ref['kind']))) causes.push(cause.notSupported('roleRef.kind', ref['kind'] ?? '', kinds));
  if (textOf(ref['name']) === '') causes.push(cause.required('roleRef.name'));
  if (old !== undefined && !equal(binding['roleRef'], old['roleRef']))
    causes.push(cause.invalid('roleRef', binding['roleRef'], 'cannot change roleRef'));
  for (const [i, subject] of items(binding['subjects']).entries()) {
    const at = `subjects[${i}]`;
    const kind = textOf(subject['kind']);
    if (textOf(subject['name']) === '') causes.push(cause.required(`${at}.name`));
    if (!SUBJECT_KINDS.includes(kind)) causes.push(cause.notSupported(`${at}.kind`, kind, SUBJECT_KINDS));
    if (kind === 'ServiceAccount' && textOf(subject['namespace']) === '')
      causes.push(cause.required(`${at}.namespace`));
  }
  return causes;
}

/** Defaults of the API group: what it may not say itself is filled in. */
function prepareBinding(binding: KubeObject): void {
  const ref = binding['roleRef'];
  if (isJsonObject(ref)) ref['apiGroup'] ||= GROUP;
  for (const subject of items(binding['subjects'])) {
    if (subject['kind'] !== 'ServiceAccount') subject['apiGroup'] ||= GROUP;
  }
}

const roleType = (plural: string, kind: string, namespaced: boolean) =>
  builtIn({
    group: GROUP,
    version: 'v1',
    plural,
    kind,
    namespaced,
    schema: object({
      rules,
      ...(namespaced
        ? {}
        : { aggregationRule: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const }),
    }),
    columns: [NAME, { name: 'Created At', type: 'string', value: (o) => o.metadata.creationTimestamp }],
    rules: { validate: ruleCauses },
  });

const bindingType = (plural: string, kind: string, namespaced: boolean) =>
  builtIn({
    group: GROUP,
    version: 'v1',
    plural,
    kind,
    namespaced,
    schema: object({
      roleRef: { ...object({ apiGroup: string, kind: string, name: string }), 'x-kubernetes-map-type': 'atomic' },
      subjects: {
        type: 'array',
        'x-kubernetes-list-type': 'atomic',
        items: object({ kind: string, apiGroup: string, name: string, namespace: string }),
      },
    }),
    columns: [
      NAME,
      {
        name: 'Role',
        type: 'string',
        value: ({ roleRef }) => (isJsonObject(roleRef) ? `${textOf(roleRef['kind'])}/${textOf(roleRef['name'])}` : ''),
      },
      AGE,
    ],
    rules: { prepare: prepareBinding, validate: bindingCauses },
  });

/** rbac.authorization.k8s.io/v1. Stored, and looked at for tokens with `rules: 'stored'`; no escalation check. */
export const roles = roleType('roles', 'Role', true);
export const clusterRoles = roleType('clusterroles', 'ClusterRole', false);
export const roleBindings = bindingType('rolebindings', 'RoleBinding', true);
export const clusterRoleBindings = bindingType('clusterrolebindings', 'ClusterRoleBinding', false);
