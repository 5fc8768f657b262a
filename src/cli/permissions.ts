import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../runtime/package-root.js';
import type { PolicyRule } from '../sandbox/index.js';

interface ClusterRole {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly rules?: readonly PolicyRule[];
}

/**
 * The rules of the ClusterRoles whose names begin with `prefix`, as the manifest grants them; by default those of the
 * controller. The sandbox grants no more.
 */
export function controllerRules(prefix = 'cmpv2-issuer-controller'): readonly PolicyRule[] {
  const path = join(packageRoot(), 'helm', 'permissions.yaml');
  const objects: ClusterRole[] = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
  const roles = objects.filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata?.name?.startsWith(prefix));
  if (roles.length === 0) throw new Error(`${path} has no ClusterRole ${prefix}*`);
  return roles.flatMap(({ rules }) => rules ?? []);
}
