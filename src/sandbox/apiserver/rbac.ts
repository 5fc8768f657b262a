import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './builtin/rbac.js';
import { isJsonObject, type JsonObject, type KubeObject } from './object.js';
import type { Resource } from './resource.js';
import { keyOf, type Store } from './store.js';
import { textOf } from './text.js';
import type { PolicyRule } from './types.js';

/** Whom a binding may name. */
export interface Subject {
  readonly name: string;
  readonly groups: readonly string[];
}

const items = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value : []).filter(isJsonObject);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(textOf) : []);

/** Everything that the stored Roles and bindings grant somebody, as RBAC adds it up. */
export function storedRules(store: Store, who: Subject): readonly PolicyRule[] {
  const all = (resource: Resource) => store.list(resource.storedAs).map(([, { object }]) => object);
  const bound = (resource: Resource) => all(resource).filter((binding) => names(binding, who));
  return [
    ...bound(clusterRoleBindings).flatMap((binding) => rulesOf(store, binding)),
    ...bound(roleBindings).flatMap((binding) => {
      const { namespace = '' } = binding.metadata;
      return rulesOf(store, binding).map((rule) => ({ ...rule, namespaces: [namespace] }));
    }),
  ];
}

function names(binding: KubeObject, { name, groups }: Subject): boolean {
  return items(binding['subjects']).some((subject) => {
    const named = textOf(subject['name']);
    switch (subject['kind']) {
      case 'User':
        return named === name;
      case 'Group':
        return groups.includes(named);
      case 'ServiceAccount':
        return name === `system:serviceaccount:${textOf(subject['namespace'])}:${named}`;
      default:
        return false;
    }
  });
}

/** The rules of the role that a binding names; none while there is no such role. */
function rulesOf(store: Store, binding: KubeObject): readonly PolicyRule[] {
  const ref = isJsonObject(binding['roleRef']) ? binding['roleRef'] : {};
  const name = textOf(ref['name']);
  const role =
    ref['kind'] === 'Role'
      ? store.get(roles.storedAs, keyOf(binding.metadata.namespace, name))
      : store.get(clusterRoles.storedAs, keyOf(undefined, name));
  return items(role?.object['rules'])
    .filter((rule) => Array.isArray(rule['resources']))
    .map((rule) => ({
      apiGroups: texts(rule['apiGroups']),
      resources: texts(rule['resources']),
      verbs: texts(rule['verbs']),
      ...(Array.isArray(rule['resourceNames']) && { resourceNames: texts(rule['resourceNames']) }),
    }));
}
