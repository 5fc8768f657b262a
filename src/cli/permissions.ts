import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../runtime/package-root.js';
import type { PolicyRule } from '../sandbox/index.js';

/** The rules of the controller's own ClusterRole, as the manifest grants them: the sandbox grants no more. */
export function controllerRules(): readonly PolicyRule[] {
  const path = join(packageRoot(), 'helm', 'permissions.yaml');
  const roles = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
  const role = roles.find(
    (object) => object?.kind === 'ClusterRole' && object.metadata?.name === 'cmpv2-issuer-controller',
  );
  if (role === undefined) throw new Error(`${path} has no ClusterRole named cmpv2-issuer-controller`);
  return role.rules;
}
