import { clone, type JsonObject, type KubeObject, type Meta } from './object.js';
import type { Resource } from './resource.js';

/** Only `status` gets in by the status door and others like it, everything but `status` by the main one. */
export function isolate(
  object: KubeObject,
  old: KubeObject,
  resource: Resource,
  subresource: string | undefined,
): KubeObject {
  const replaceStatus = (base: KubeObject, from: KubeObject): KubeObject => {
    const { status: _, ...rest } = base;
    return from['status'] === undefined ? rest : { ...rest, status: clone(from['status']) };
  };
  if (subresource !== undefined) {
    const next = replaceStatus(clone(old), object);
    const { managedFields } = object.metadata;
    return { ...next, metadata: { ...next.metadata, ...(managedFields === undefined ? {} : { managedFields }) } };
  }
  return resource.statusSubresource ? replaceStatus(object, old) : object;
}

/** An apply's intent, cut down to what its door lets in. */
export function throughDoor(config: KubeObject, resource: Resource, subresource: string | undefined): KubeObject {
  const { status: given, ...rest } = config;
  if (subresource !== undefined) {
    const { apiVersion, kind, metadata } = config;
    const bare: KubeObject = { apiVersion, kind, metadata: { name: metadata.name } };
    return given === undefined ? bare : { ...bare, status: given };
  }
  return resource.statusSubresource ? rest : config;
}

export function withServerFields(metadata: Meta, old: Meta): Meta {
  const next: Meta = { ...metadata };
  const fields = [
    'uid',
    'creationTimestamp',
    'generation',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'resourceVersion',
  ] as const;
  for (const field of fields) {
    delete next[field];
    if (old[field] !== undefined) Object.assign(next, { [field]: old[field] });
  }
  if (old.generateName !== undefined) next.generateName = old.generateName;
  return next;
}

/** What generation counts: everything outside metadata, and outside status where that has its own door. */
export function specOf(object: KubeObject, resource: Resource): JsonObject {
  const { metadata: _, ...rest } = object;
  if (resource.statusSubresource) delete rest['status'];
  return rest;
}

/** apiVersion and kind first, so that lists of built-in types can leave them out of the text. */
export function ordered(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return { apiVersion, kind, metadata, ...rest };
}
