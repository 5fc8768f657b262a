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

/** The rules of the controller's ClusterRoles, as the manifest grants them: the sandbox grants no more. */
export function controllerRules(): readonly PolicyRule[] {
  const path = join(packageRoot(), 'helm', 'permissions.yaml');
  const objects: ClusterRole[] = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
  const roles = objects.filter(
    ({ kind, metadata }) => kind === 'ClusterRole' && metadata?.name?.startsWith('cmpv2-issuer-controller'),
  );
  if (roles.length === 0) throw new Error(`${path} has no ClusterRole of the controller`);
  return roles.flatMap(({ rules }) => rules ?? []);
}
