import type { KubeObject, ResourceType } from '../api/meta.js';
import { isConflict, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import type { ControllerMetrics } from '../ops/metrics.js';

/** Owner of our status fields in `metadata.managedFields`. */
export const FIELD_MANAGER = 'cmpv2-issuer';

/**
 * Writes the whole status of ours in one server-side apply, for this incarnation of the object and no other.
 * `gone`: there is no such incarnation any more. Throws when the write must be tried again.
 */
export async function writeStatus(
  deps: { readonly client: KubeClient; readonly metrics: ControllerMetrics },
  type: ResourceType,
  object: KubeObject,
  status: object,
  signal: AbortSignal,
): Promise<'written' | 'gone'> {
  const { name, namespace, uid } = object.metadata;
  if (uid === undefined) throw new TypeError(`${type.kind} ${name} has no uid: it does not come from an API server`);
  try {
    const intent = { metadata: { name, namespace, uid }, status };
    await deps.client.applyStatus(type, intent, { fieldManager: FIELD_MANAGER, force: true, signal });
    deps.metrics.statusWritten(type.plural, 'ok');
    return 'written';
  } catch (error) {
    if (isNotFound(error) || (isConflict(error) && (await isGone(deps.client, type, object, signal)))) {
      deps.metrics.statusWritten(type.plural, 'gone');
      return 'gone';
    }
    deps.metrics.statusWritten(type.plural, isConflict(error) ? 'conflict' : 'failed');
    throw error;
  }
}

async function isGone(client: KubeClient, type: ResourceType, object: KubeObject, signal: AbortSignal) {
  const { name, namespace, uid } = object.metadata;
  try {
    const now = await client.get(type, namespace === undefined ? { name } : { namespace, name }, { signal });
    return now.metadata.uid !== uid;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}
