import {
  compare,
  difference,
  elements,
  type FieldSet,
  fieldsOf,
  fromFieldsV1,
  isBelow,
  merge,
  readable,
  sameSet,
  toFieldsV1,
  without,
} from './fields.js';
import type { KubeObject, ManagedFieldsEntry } from './object.js';
import { apiVersionOf, type Resource } from './resource.js';
import { ApiError, qualified } from './status.js';

/** Who writes, and through which door. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly time: string;
}

/** More Update entries than this are merged into one, oldest first. */
const MAX_UPDATE_ENTRIES = 10;
const ANCIENT = 'ancient-changes';

interface Owner {
  readonly entry: ManagedFieldsEntry;
  fields: FieldSet;
  changed: boolean;
}

const ownersOf = (object: KubeObject | undefined): Owner[] =>
  (object?.metadata.managedFields ?? []).map((entry) => ({
    entry,
    fields: fromFieldsV1(entry.fieldsV1 ?? {}),
    changed: false,
  }));

const isOwn = (owner: Owner, operation: string, writer: Writer, apiVersion: string) =>
  owner.entry.operation === operation &&
  owner.entry.manager === writer.manager &&
  (owner.entry.subresource ?? '') === (writer.subresource ?? '') &&
  (operation === 'Update' ? owner.entry.apiVersion === apiVersion : true);

/** Only `status` through the status door, everything else through the main one. */
const throughDoor = (fields: FieldSet, resource: Resource, subresource: string | undefined): FieldSet => {
  if (!resource.statusSubresource) return fields;
  const isStatus = (path: string) => elements(path)[0] === 'f:status';
  return new Set([...fields].filter((path) => isStatus(path) === (subresource !== undefined)));
};

/** Puts managedFields onto `updated` after a write that was no apply: what it changed is the writer's now. */
export function afterUpdate(
  updated: KubeObject,
  old: KubeObject | undefined,
  resource: Resource,
  writer: Writer,
): KubeObject {
  const { schema } = resource.checks;
  // A list of one empty entry is how a writer resets managedFields; any other change of them is ignored.
  const given = updated.metadata.managedFields;
  const reset = given?.length === 1 && Object.keys(given[0] ?? {}).length === 0;
  const owners = reset ? [] : ownersOf(old);
  const changes = compare(old, updated, schema);
  const mine = owners.find((owner) => isOwn(owner, 'Update', writer, apiVersionOf(resource)));
  for (const owner of owners) {
    const left = [...owner.fields].filter(
      (path) => !changes.removed.has(path) && (owner === mine || !changes.set.has(path)),
    );
    if (left.length !== owner.fields.size) {
      owner.fields = new Set(left);
      owner.changed = owner === mine;
    }
  }
  const gained = throughDoor(changes.set, resource, writer.subresource);
  if (mine === undefined) {
    if (gained.size > 0) owners.push(newOwner('Update', writer, resource, gained));
  } else if ([...gained].length > 0) {
    mine.fields = new Set([...mine.fields, ...gained]);
    mine.changed = true;
  }
  return withOwners(updated, owners, writer.time);
}

/** The outcome of a server-side apply, before validation. */
export function applied(
  config: KubeObject,
  live: KubeObject | undefined,
  resource: Resource,
  writer: Writer,
  force: boolean,
): KubeObject {
  const { schema } = resource.checks;
  const owners = ownersOf(live);
  const mine = owners.find((owner) => isOwn(owner, 'Apply', writer, apiVersionOf(resource)));
  const others = owners.filter((owner) => owner !== mine);
  const wanted = throughDoor(fieldsOf(config, schema), resource, writer.subresource);

  let result = live === undefined ? config : (merge(live, config, schema) as KubeObject);
  const dropped = difference(mine?.fields ?? new Set(), wanted);
  const held = (path: string) =>
    others.some((owner) => owner.fields.has(path) || [...owner.fields].some((theirs) => isBelow(theirs, path))) ||
    [...wanted].some((kept) => isBelow(kept, path));
  const removable = new Set([...dropped].filter((path) => !held(path)));
  if (removable.size > 0) result = without(result, removable, schema) as KubeObject;

  const changes = compare(live, result, schema);
  const conflicts: { readonly owner: Owner; readonly path: string }[] = [];
  for (const owner of others) {
    for (const path of owner.fields) {
      if (changes.removed.has(path)) owner.fields.delete(path);
      else if (changes.set.has(path)) conflicts.push({ owner, path });
    }
  }
  if (conflicts.length > 0 && !force) throw conflictError(conflicts, config.metadata.name, resource);
  for (const { owner, path } of conflicts) owner.fields.delete(path);

  if (mine === undefined) owners.push(newOwner('Apply', writer, resource, wanted));
  else if (!sameSet(mine.fields, wanted)) {
    mine.fields = wanted;
    mine.changed = true;
  }
  // A different value under the same ownership is news as well.
  if (mine !== undefined && changes.set.size > 0) mine.changed = true;
  return withOwners(result, owners, writer.time);
}

function newOwner(operation: 'Apply' | 'Update', writer: Writer, resource: Resource, fields: FieldSet): Owner {
  const entry: ManagedFieldsEntry = {
    manager: writer.manager,
    operation,
    apiVersion: apiVersionOf(resource),
    time: writer.time,
    fieldsType: 'FieldsV1',
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
  return { entry, fields, changed: true };
}

function withOwners(object: KubeObject, owners: readonly Owner[], time: string): KubeObject {
  const applies = owners.filter((owner) => owner.entry.operation === 'Apply' && owner.fields.size > 0);
  const updates = owners.filter((owner) => owner.entry.operation !== 'Apply' && owner.fields.size > 0);
  const managedFields = [...applies, ...cap(updates)].map(({ entry, fields, changed }) => ({
    ...entry,
    ...(changed ? { time } : {}),
    fieldsV1: toFieldsV1(fields),
  }));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function cap(updates: readonly Owner[]): readonly Owner[] {
  if (updates.length <= MAX_UPDATE_ENTRIES) return updates;
  const byAge = [...updates].sort((a, b) => ((a.entry.time ?? '') < (b.entry.time ?? '') ? -1 : 1));
  const oldest = byAge.slice(0, updates.length - MAX_UPDATE_ENTRIES + 1);
  const fields = new Set(oldest.flatMap((owner) => [...owner.fields]));
  const entry: ManagedFieldsEntry = { ...oldest.at(-1)?.entry, manager: ANCIENT };
  return [{ entry, fields, changed: false }, ...updates.filter((owner) => !oldest.includes(owner))];
}

function conflictError(
  conflicts: readonly { readonly owner: Owner; readonly path: string }[],
  name: string,
  resource: Resource,
): ApiError {
  const who = ({ entry }: Owner) => {
    const door = entry.subresource === undefined ? '' : ` with subresource "${entry.subresource}"`;
    return `"${entry.manager}"${door} using ${entry.apiVersion}`;
  };
  const first = conflicts[0];
  const message =
    conflicts.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: conflict with ${who(first.owner)}: ${readable(first.path)}`
      : `Apply failed with ${conflicts.length} conflicts: ${[...new Set(conflicts.map(({ owner }) => owner))]
          .map((owner) => {
            const paths = conflicts.filter((c) => c.owner === owner).map((c) => `- ${readable(c.path)}`);
            return `conflicts with ${who(owner)}:\n${paths.join('\n')}`;
          })
          .join('\n')}`;
  return new ApiError(409, 'Conflict', message, {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: qualified({ group: '', plural: resource.plural, kind: resource.kind }),
    causes: conflicts.map(({ owner, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${who(owner)}`,
      field: readable(path),
    })),
  });
}

/** Whether two states differ in nothing but the times in managedFields: then nothing is stored. */
export function withoutTimes(object: KubeObject): KubeObject {
  const { managedFields, resourceVersion: _, ...rest } = object.metadata;
  return {
    ...object,
    metadata: {
      ...rest,
      managedFields: (managedFields ?? []).map((entry) => {
        const { time: __, ...untimed } = entry;
        return untimed;
      }),
    },
  };
}
