import type { User } from './auth.js';
import { clone, type KubeObject } from './object.js';
import { applyDefaults, type Schema } from './schema.js';
import type { Cause } from './status.js';
import type { Version } from './store.js';
import type { SchemaChecks } from './validate.js';

/** One column of a Table, as in a CRD's additionalPrinterColumns. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Reads the cell out of an object. */
  readonly value: (object: KubeObject) => unknown;
}

/** The circumstances of a write. */
export interface WriteReview {
  readonly user: User;
  /** The door it came in by; undefined: the main one. */
  readonly subresource: string | undefined;
  readonly now: Date;
}

/** What a type adds to the generic rules. */
export interface TypeRules {
  /** Fills in what the server itself decides, in place, before validation. */
  readonly prepare?: (object: KubeObject, old: KubeObject | undefined, review: WriteReview) => void;
  /** A PUT without resourceVersion is refused. Custom resources always refuse it. */
  readonly conditionalUpdate?: boolean;
  /** Checks beyond the schema. Causes make a 422. */
  readonly validate?: (object: KubeObject, old: KubeObject | undefined, review: WriteReview) => Cause[];
  /** Throws a refusal: what admission plugins decide about a valid object. */
  readonly admit?: (object: KubeObject, old: KubeObject | undefined, review: WriteReview) => void;
}

/** One served type: group, version, resource. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Custom resources: lists carry the items' kind, no strategic merge, update needs a resourceVersion. */
  readonly custom: boolean;
  readonly statusSubresource: boolean;
  /** Doors besides `status`; they too let in nothing but the status, the type's rules decide what of it. */
  readonly subresources: readonly string[];
  /** Whether metadata.generation is kept. */
  readonly generation: boolean;
  readonly checks: SchemaChecks;
  readonly openApi: Schema;
  /** Set when the schema has defaults: objects stored before this revision may lack them and get them on reading. */
  readonly defaultsSince?: number;
  readonly columns: readonly Column[];
  /** Field labels besides metadata.name and metadata.namespace, and how to read them. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => string>>;
  readonly rules: TypeRules;
  /** `plural.group` under which objects are kept. Two resources may be views of one store. */
  readonly storedAs: string;
  /** From the stored form and back, when this resource is a view. */
  readonly fromStored?: (object: KubeObject) => KubeObject;
  readonly toStored?: (object: KubeObject, old: KubeObject | undefined) => KubeObject;
}

/** The subresources that a type has. */
export const doorsOf = ({ statusSubresource, subresources }: Resource): readonly string[] => [
  ...(statusSubresource ? ['status'] : []),
  ...subresources,
];

export const apiVersionOf = (resource: { readonly group: string; readonly version: string }): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/** A stored state as this resource shows it: in its own version's form, with defaults that came later. */
export function shown(resource: Resource, version: Version): Version {
  const { fromStored, defaultsSince } = resource;
  const stale = defaultsSince !== undefined && version.revision < defaultsSince;
  if (fromStored === undefined && !stale) return version;
  return version.view(`${apiVersionOf(resource)}#${stale ? defaultsSince : ''}`, (object) => {
    const view = fromStored === undefined ? object : fromStored(object);
    if (!stale) return view;
    const completed = clone(view);
    applyDefaults(completed, resource.checks.schema);
    return completed;
  });
}

/** All served types. Custom ones come and go with their CustomResourceDefinition. */
export class Registry {
  readonly #resources = new Map<string, Resource>();

  add(resource: Resource): void {
    this.#resources.set(`${apiVersionOf(resource)}/${resource.plural}`, resource);
  }

  /** Stops serving every version of a type. */
  remove(group: string, plural: string): void {
    for (const [key, resource] of this.#resources) {
      if (resource.group === group && resource.plural === plural) this.#resources.delete(key);
    }
  }

  get(group: string, version: string, plural: string): Resource | undefined {
    return this.#resources.get(`${apiVersionOf({ group, version })}/${plural}`);
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  byKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all().find((resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind);
  }

  /** By `plural.group`, or `plural` for the core group. */
  byName(name: string): Resource | undefined {
    return this.all().find((r) => (r.group === '' ? r.plural : `${r.plural}.${r.group}`) === name);
  }
}
